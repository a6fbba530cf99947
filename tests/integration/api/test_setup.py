"""What of the first run is done, and that it is cheap to say so."""

import pytest
from sqlalchemy import Connection, text

from metrics_api.db.database import Database
from metrics_api.health.setup import fetch_setup
from tests.support.api_fixtures import Api
from tests.support.builders import build_event, build_link
from tests.support.plans import watch_statements
from tests.support.purging import OLD, purge
from tests.support.report_runs import make_report

PATH = "/v1/setup"
NOTHING = {"token": False, "event": False, "link": False, "report": False}
BOT = {"user_agent": "curl/8.5.0", "ip_address": "203.0.113.7"}


@pytest.fixture(autouse=True)
def _without_tokens_of_people(connection: Connection) -> None:
    """Tokens outlive the tests that create them."""
    connection.execute(text("DELETE FROM tokens WHERE created_by <> 'environment'"))


def test_an_empty_product_has_done_nothing(api: Api) -> None:
    assert api.read(PATH) == NOTHING


def test_a_token_of_a_person_counts_also_once_it_is_revoked(api: Api) -> None:
    wanted = {"name": "app backend", "scopes": ["events:write"], "expires_in_days": 30}
    created = api.send("POST", "/v1/tokens", json=wanted).get_json()
    assert api.read(PATH) == NOTHING | {"token": True}
    assert api.send("DELETE", f"/v1/tokens/{created['id']}").status_code == 204
    assert api.read(PATH) == NOTHING | {"token": True}


@pytest.mark.parametrize("fields", [{}, BOT], ids=["person", "script"])
def test_an_event_counts_also_once_it_is_purged(
    api: Api, connection: Connection, database: Database, fields: dict[str, str]
) -> None:
    api.post_events(build_event(at=OLD, **fields))
    assert api.read(PATH) == NOTHING | {"event": True}
    purge(database)
    assert connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one() == 0
    assert api.read(PATH) == NOTHING | {"event": True}


def test_a_link_counts(api: Api) -> None:
    api.send("POST", "/v1/links", json={"items": [build_link("link-1")]})
    assert api.read(PATH) == NOTHING | {"link": True}


def test_a_report_counts_once_it_is_generated(api: Api) -> None:
    dates = {"start": "2026-03-01", "end": "2026-03-07"}
    wanted = {"report_type": "custom", "period_start": dates["start"], "period_end": dates["end"]}
    api.send("POST", "/v1/reports", json=wanted)
    assert api.read(PATH) == NOTHING
    make_report(api, **dates)
    assert api.read(PATH) == NOTHING | {"report": True}


def test_no_large_table_is_read_through(connection: Connection) -> None:
    with watch_statements(connection) as statements:
        fetch_setup(connection)
    connection.execute(text("SET enable_seqscan = off"))
    (plan,) = statements.explain(connection)
    connection.execute(text("RESET enable_seqscan"))
    for table in ("attribution_events", "attribution_links"):
        assert table in plan
        assert f"Seq Scan on {table}" not in plan
