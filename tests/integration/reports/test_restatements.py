"""Reports that are restated when verdicts or late data change their figures."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.context import Context
from metrics_api.reports.restatements import restate_reports
from tests.support.api_fixtures import Api
from tests.support.builders import build_event
from tests.support.case_builders import (
    FRAUD,
    LEGITIMATE,
    YESTERDAY,
    evaluate,
    plant_invites,
    plant_network,
    plant_self_referral,
)
from tests.support.delivery_rows import ANN, BOB, change_delivery, save_delivery
from tests.support.report_runs import carry_out, make_report

DAY = {"start": str(YESTERDAY.date()), "end": str(YESTERDAY.date())}
AGE_CHECKS = text("UPDATE report_runs SET checked_at = checked_at - interval '2 hours'")


@pytest.fixture
def report(api: Api, context: Context) -> dict[str, Any]:
    """A report on a date with a flagged network, whose two of three conversions are left out of K clean."""
    plant_invites(api, at=YESTERDAY)
    plant_network(api)
    evaluate(context)
    return make_report(api, **DAY)


def decide(api: Api, verdict: dict[str, str]) -> int:
    """Decide the only open case."""
    (case,) = api.read("/v1/cases", kind="network")["cases"]
    case_id: int = case["id"]
    api.send("POST", f"/v1/cases/{case_id}/verdict", json=verdict)
    return case_id


Restate = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def restate(api: Api, context: Context, connection: Connection) -> Restate:
    """Looks for what has changed, hours later if so wanted, and carries the runs out as a worker does."""

    def look(*, hours_later: bool = False, after_seconds: float = 0) -> list[dict[str, Any]]:
        if hours_later:
            connection.execute(AGE_CHECKS)
            connection.commit()
        made = restate_reports(context, after_seconds=after_seconds, now=datetime.now(UTC))
        return [carry_out(api, run_id) for run_id in made]

    return look


def test_a_verdict_restates_the_report_and_the_first_stays(api: Api, report: dict[str, Any], restate: Restate) -> None:
    case_id = decide(api, LEGITIMATE)
    (new,) = restate()
    old = api.read(f"/v1/reports/{report['id']}")
    assert (old["status"], old["restated_by"], old["facts"]) == ("restated", new["id"], report["facts"])
    assert (new["status"], new["restates"], new["restated_by"]) == ("ready", old["id"], None)
    told = new["facts"]["restatement"]
    assert (told["figures"]["k_factor_clean"], new["facts"]["k_factor_clean"]) == (pytest.approx(1 / 3), 1)
    assert told["cases"] == [
        {
            "case_id": case_id,
            "kind": "network",
            "rules": ["over_limit"],
            "change": "legitimate",
            "conversions": 2,
        }
    ]
    assert [told[f"late_{what}"] for what in ("invites", "clicks", "conversions")] == [0, 0, 0]
    listed = {row["id"]: row["status"] for row in api.read("/v1/reports")["reports"]}
    assert listed == {old["id"]: "restated", new["id"]: "ready"}


def test_a_report_is_restated_once_and_what_changes_later_restates_the_latest(
    api: Api, report: dict[str, Any], restate: Restate
) -> None:
    case_id = decide(api, LEGITIMATE)
    (second,) = restate()
    assert restate() == []
    api.send("POST", f"/v1/cases/{case_id}/undo")
    (third,) = restate()
    assert (second["restates"], third["restates"]) == (report["id"], second["id"])
    assert [case["change"] for case in third["facts"]["restatement"]["cases"]] == ["undone"]
    assert restate(hours_later=True) == []


@pytest.mark.usefixtures("report")
def test_verdicts_are_waited_for_until_nobody_decides_any_more(api: Api, restate: Restate) -> None:
    decide(api, LEGITIMATE)
    assert restate(after_seconds=600) == []
    assert len(restate()) == 1


@pytest.mark.usefixtures("report")
def test_late_conversions_restate_the_report_within_the_hour(api: Api, restate: Restate) -> None:
    api.post_events(build_event("conversion", at=YESTERDAY, referrer_id="zoe", user_id="late"))
    assert restate() == []
    (new,) = restate(hours_later=True)
    told = new["facts"]["restatement"]
    assert (told["late_conversions"], told["cases"], new["total_conversions"]) == (1, [], 4)


def test_a_case_opened_later_restates_the_report(api: Api, context: Context, restate: Restate) -> None:
    plant_invites(api, at=YESTERDAY)
    plant_self_referral(api)
    report = make_report(api, **DAY)
    evaluate(context)
    (new,) = restate(hours_later=True)
    assert new["restates"] == report["id"]
    assert [(case["change"], case["rules"]) for case in new["facts"]["restatement"]["cases"]] == [
        ("opened", ["self_referral"])
    ]


@pytest.mark.usefixtures("report")
def test_what_confirms_the_report_does_not_restate_it(api: Api, restate: Restate) -> None:
    decide(api, FRAUD)
    assert restate() == restate(hours_later=True) == []


@pytest.mark.usefixtures("report")
def test_other_thresholds_alone_do_not_restate_a_report(connection: Connection, restate: Restate) -> None:
    changed = text("UPDATE report_runs SET content = jsonb_set(content, '{facts,k_factor_clean}', '0.9')")
    connection.execute(changed)
    connection.commit()
    assert restate(hours_later=True) == []


def test_a_period_in_progress_is_not_restated(api: Api, restate: Restate) -> None:
    today = str(datetime.now(UTC).date())
    plant_invites(api)
    make_report(api, start=today, end=today)
    api.post_events(build_event("conversion", referrer_id="zoe", user_id="late"))
    assert restate(hours_later=True) == []


def test_a_dry_run_names_the_report_that_is_restated_then(api: Api, report: dict[str, Any], restate: Restate) -> None:
    (case,) = api.read("/v1/cases", kind="network")["cases"]
    path = f"/v1/cases/{case['id']}/verdict"

    def ask(verdict: dict[str, str]) -> list[int]:
        answer = api.send("POST", path, json=verdict, query_string={"dry_run": "true"}).get_json()
        restated: list[int] = answer["restated_reports"]
        return restated

    assert (ask(FRAUD), ask(LEGITIMATE)) == ([], [report["id"]])
    assert restate() == []
    api.send("POST", path, json=LEGITIMATE)
    (new,) = restate()
    assert new["restates"] == report["id"]


def read_recipients(connection: Connection, report_id: int) -> list[str]:
    """Those to whom emails of the report were requested, each as often as that."""
    of_report = text("""
        SELECT recipient FROM deliveries JOIN delivery_requests AS request ON request.id = request_id
        WHERE report_id = :report_id ORDER BY deliveries.id
    """)
    return list(connection.execute(of_report, {"report_id": report_id}).scalars())


def test_who_was_mailed_the_first_report_is_mailed_each_restatement_once(
    api: Api, report: dict[str, Any], restate: Restate, connection: Connection
) -> None:
    for recipient, status in [(ANN, "sent"), (ANN.upper(), "sent"), (BOB, "uncertain"), ("cyd@x.example", "dead")]:
        change_delivery(connection, save_delivery(connection, recipient, report_id=report["id"]), status=status)
    connection.commit()
    case_id = decide(api, LEGITIMATE)
    (second,) = restate()
    assert read_recipients(connection, second["id"]) == [ANN, BOB]

    change_delivery(connection, save_delivery(connection, "dan@x.example", report_id=second["id"]), status="sent")
    connection.commit()
    api.send("POST", f"/v1/cases/{case_id}/undo")
    (third,) = restate()
    assert read_recipients(connection, third["id"]) == [ANN, BOB, "dan@x.example"]


def test_who_had_the_report_by_subscription_gets_the_restatement_while_subscribed(
    api: Api, report: dict[str, Any], restate: Restate, connection: Connection
) -> None:
    subscribe = text("""
        INSERT INTO subscriptions (email, report_type, created_by, created_at) VALUES (:email, 'custom', 'ana', now())
    """)
    connection.execute(subscribe, {"email": ANN})
    change_delivery(connection, save_delivery(connection, ANN, BOB, report_id=report["id"]), status="sent")
    connection.execute(text("UPDATE deliveries SET status = 'sent'"))
    connection.execute(text("UPDATE delivery_requests SET unique_key = 'mailing'"))
    connection.commit()
    decide(api, LEGITIMATE)
    (new,) = restate()
    assert read_recipients(connection, new["id"]) == [ANN]


def test_programs_are_called_about_a_restatement(
    api: Api, report: dict[str, Any], restate: Restate, connection: Connection
) -> None:
    target = {"channel": "webhook", "target": "https://hooks.example.com/T1/reports"}
    rule = {"name": "The app", "severities": ["critical"], **target, "event_types": ["report.restated"]}
    assert api.send("POST", "/v1/notification-rules", json=rule).status_code == 201
    decide(api, LEGITIMATE)
    (new,) = restate()
    data = connection.execute(text("SELECT data FROM webhook_events WHERE type = 'report.restated'")).scalar_one()
    assert (data["report_id"], data["restates"]) == (new["id"], report["id"])


def test_the_first_report_is_exported_with_a_note(api: Api, report: dict[str, Any], restate: Restate) -> None:
    decide(api, LEGITIMATE)
    (new,) = restate()

    def export(report_id: int) -> str:
        return api.send("GET", f"/v1/reports/{report_id}/export", query_string={"format": "html"}).get_data(
            as_text=True
        )

    assert f"restated by report {new['id']}" in export(report["id"])
