"""What flags switch off in the API, for whom, and how soon."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, text

from metrics_api.context import Context
from metrics_api.reports.slots import tick_schedules
from tests.support.api_fixtures import Api, build_app, create_token
from tests.support.builders import build_event
from tests.support.flag_files import FOR_25_PCT, OFF, ON, write_flags
from tests.support.waiting import wait_until
from viral_contract.models.people import Scope
from viral_runtime.flags.evaluate import Flags

GUARDRAIL_READS = (
    "/v1/guardrails/fraud",
    "/v1/guardrails/flagged-days",
    "/v1/guardrails/bots",
    "/v1/guardrails/opt-outs",
    "/v1/guardrails/coppa",
    "/v1/guardrails/coppa/violations",
    "/v1/guardrails/conversion-anomalies",
    "/v1/guardrails/referrers",
    "/v1/guardrails/health",
    "/v1/guardrails/what-if",
    "/v1/guardrails/history",
    "/v1/investigations/devices/d1",
)
REPORT_ROUTES = (
    ("GET", "/v1/reports"),
    ("POST", "/v1/reports"),
    ("GET", "/v1/reports/1"),
    ("GET", "/v1/reports/1/export"),
)
BEFORE_A_SLOT = datetime(2026, 3, 7, 12, tzinfo=UTC)
AFTER_A_SLOT = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_flags(tmp_path / "flags.json", guardrail_dashboard=OFF, performance_reports=OFF)


@pytest.fixture
def flagged_app(database_url: str, redis_url: str, path: Path) -> Flask:
    return build_app(database_url=database_url, redis_url=redis_url, flags_file=path)


@pytest.fixture
def flagged(flagged_app: Flask, empty_database: Engine) -> Api:
    """A caller who may do everything, of an API whose pages are switched off."""
    return Api(flagged_app, create_token(empty_database, *Scope, name="a service"))


@pytest.mark.parametrize("route", GUARDRAIL_READS)
def test_reads_of_guardrails_that_are_switched_off_answer_404(flagged: Api, route: str) -> None:
    assert flagged.refuse(404, "GET", route)["code"] == "feature_disabled"


@pytest.mark.parametrize(("method", "route"), REPORT_ROUTES)
def test_routes_of_reports_that_are_switched_off_answer_404(flagged: Api, method: str, route: str) -> None:
    problem = flagged.refuse(404, method, route, json={"report_type": "weekly"} if method == "POST" else None)
    assert problem["code"] == "feature_disabled"


def test_detection_and_alerts_go_on_while_the_guardrails_page_is_switched_off(flagged: Api) -> None:
    flagged.post_events(build_event("click", at=datetime.now(UTC) - timedelta(hours=2)))
    evaluation = flagged.send("POST", "/v1/guardrails/evaluations").get_json()
    assert [alert["type"] for alert in flagged.read("/v1/alerts")["alerts"]] == ["no_data"]
    assert len(evaluation["opened_alerts"]) == 1


def test_a_switch_in_the_file_reaches_callers_without_a_restart(flagged: Api, path: Path) -> None:
    assert flagged.get("/v1/guardrails/fraud").status_code == 404
    write_flags(path, guardrail_dashboard=ON, performance_reports=OFF)
    wait_until(lambda: flagged.get("/v1/guardrails/fraud").status_code == 200, "the read is on")
    assert flagged.get("/v1/reports").status_code == 404


def test_a_flag_may_be_on_for_some_callers_only(flagged_app: Flask, path: Path, empty_database: Engine) -> None:
    write_flags(path, guardrail_dashboard=FOR_25_PCT)
    expected = Flags(path)
    names = [f"service-{number}" for number in range(12)]
    callers = {name: Api(flagged_app, create_token(empty_database, *Scope, name=name)) for name in names}
    on = [name for name in names if expected.is_on("guardrail_dashboard", name)]  # type: ignore[arg-type]
    assert 0 < len(on) < len(names)
    wait_until(
        lambda: [n for n in names if callers[n].get("/v1/guardrails/fraud").status_code == 200] == on,
        "the share is reached",
    )


@pytest.mark.parametrize(("definition", "status"), [(OFF, "skipped"), (ON, "queued")])
def test_due_slots_are_skipped_while_reports_are_switched_off(
    context: Context, connection: Connection, path: Path, definition: dict[str, Any], status: str
) -> None:
    write_flags(path, performance_reports=definition)
    for now in (BEFORE_A_SLOT, AFTER_A_SLOT):
        tick_schedules(replace(context, flags=Flags(path)), now=now)
    assert connection.execute(text("SELECT report_type, status FROM report_runs")).all() == [("weekly", status)]


def test_admins_read_how_every_flag_stands(flagged: Api, path: Path) -> None:
    answer = flagged.read("/v1/flags")
    stands = {each["name"]: (each["on"], each["percentage"]) for each in answer["flags"]}
    assert stands == {
        "guardrail_dashboard": (False, 0),
        "performance_reports": (False, 0),
        "email_delivery": (False, 0),
        "ai_insights": (False, 0),
        "alert_notifications": (False, 0),
    }
    assert (answer["path"], answer["problem"]) == (str(path), None)
    path.write_text(json.dumps([]))
    wait_until(lambda: flagged.read("/v1/flags")["problem"] is not None, "the broken file is told")
    assert flagged.read("/v1/flags")["read_at"] == answer["read_at"]


def test_others_than_admins_do_not_read_the_flags(flagged_app: Flask, empty_database: Engine) -> None:
    reader = Api(flagged_app, create_token(empty_database, Scope.METRICS_READ))
    reader.refuse(403, "GET", "/v1/flags")
