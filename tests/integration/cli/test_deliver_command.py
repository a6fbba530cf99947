"""`viral-engine report deliver`: mails a finished report, or says which address is none."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection, Engine, text

from tests.support.api_fixtures import create_token
from tests.support.delivery_rows import ANN, BOB, save_ready_report, save_run
from viral_cli import main
from viral_contract.models.people import Scope

Deliver = Callable[..., Result]


@pytest.fixture
def deliver(server_url: str, empty_database: Engine) -> Deliver:
    """Runs the command against the real server."""
    token = create_token(empty_database, Scope.METRICS_READ, Scope.REPORTS_WRITE)
    environment = {"METRICS_API_URL": server_url, "API_TOKEN": token, "DASHBOARD_URL": "http://dashboard"}

    def run(report_id: int, *recipients: str) -> Result:
        options = [word for each in recipients for word in ("--to", each)]
        return CliRunner().invoke(main, ["report", "deliver", str(report_id), *options], env=environment)

    return run


@pytest.mark.parametrize("recipients", [(f"{ANN}, {BOB};{ANN}",), (ANN, BOB), (ANN, f"{BOB},{ANN}")])
def test_a_report_is_mailed_to_each_address(
    deliver: Deliver, connection: Connection, recipients: tuple[str, ...]
) -> None:
    result = deliver(save_ready_report(connection), *recipients)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[:2] == [f"{ANN}: queued", f"{BOB}: queued"]
    assert "Email queued for future delivery (placeholder)" in result.output
    assert connection.execute(text("SELECT recipient FROM deliveries ORDER BY id")).scalars().all() == [ANN, BOB]


def test_each_address_that_is_none_is_named(deliver: Deliver, connection: Connection) -> None:
    result = deliver(save_ready_report(connection), f"nobody,{ANN},two@@school.example")
    assert result.exit_code == 2
    assert "nobody: " in result.output
    assert "two@@school.example: " in result.output
    assert ANN not in result.output
    assert connection.execute(text("SELECT count(*) FROM deliveries")).scalar_one() == 0


@pytest.mark.parametrize("recipients", ["", " ,; "])
def test_somebody_has_to_be_named(deliver: Deliver, connection: Connection, recipients: str) -> None:
    assert deliver(save_ready_report(connection), recipients).exit_code != 0


def test_an_unfinished_report_is_not_mailed(deliver: Deliver, connection: Connection) -> None:
    result = deliver(save_run(connection), ANN)
    assert result.exit_code == 1
    assert "not_ready" in result.output
