"""Reports on a week that was counted by hand, and the slots of their schedules."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, text

from metrics_api.access.identifiers import Identifiers, References
from metrics_api.db.database import Database
from metrics_api.db.paging import Page
from metrics_api.detection.query import Query
from metrics_api.reports.slots import tick
from metrics_api.reports.snapshot import fetch_report_facts
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api
from tests.support.growth_week import MONDAY, WEEK, post_week
from tests.support.plans import watch_statements
from tests.support.report_runs import make_report
from viral_contract.models.period import Period


def test_every_field_of_a_report_is_exact(api: Api) -> None:
    post_week(api)
    report = make_report(api, **WEEK)
    expected = {
        "report_type": "custom",
        "period_start": "2026-03-02",
        "period_end": "2026-03-08",
        "status": "ready",
        "k_factor": 1.5,
        "k_factor_trend": "up",
        "k_factor_change_pct": 50.0,
        "total_conversions": 3,
        "conversion_rate": 0.375,
        "conversion_trend": "up",
        "active_users": 2,
        "viral_links_created": 4,
        "viral_links_clicked": 3,
        "recommendations": ["Go on."],
        "compliance_rate": 1.0,
        "fraud_flags": 0,
        "delivery_status": "none",
        "delivered_at": None,
        "recipient_emails": [],
        "written_by": "rules",
    }
    assert {name: report[name] for name in expected} == expected
    # One of four links has no click: (0 + 1/4) / 2 x 20 = 2.5 points.
    assert report["health_score"] == 97.5


def test_loops_and_referrers_of_a_report_are_exact(api: Api) -> None:
    post_week(api)
    report = make_report(api, **WEEK)
    buddy, rally = report["loop_performance"]["buddy_challenge"], report["loop_performance"]["results_rally"]
    assert (buddy["invites"], buddy["conversions"], buddy["k_factor"], buddy["conversion_rate"]) == (3, 3, 1.5, 0.375)
    assert (rally["invites"], rally["conversions"], rally["k_factor"], rally["conversion_rate"]) == (1, 0, 0, 0)
    third, not_reviewed = pytest.approx(1 / 3), {"under_review": False}
    assert report["top_referrers"] == [
        {"id": "ann", "invites": 3, "conversions": 2, "k_contribution": 1.0, "conversion_rate": 0.4, **not_reviewed},
        {"id": "ben", "invites": 1, "conversions": 1, "k_contribution": 0.5, "conversion_rate": third, **not_reviewed},
    ]


def test_without_data_there_is_a_report_all_the_same(api: Api) -> None:
    report = make_report(api, **WEEK)
    found = (report["status"], report["k_factor"], report["total_conversions"], report["loop_performance"])
    assert found == ("ready", 0, 0, {})
    assert (report["k_factor_trend"], report["facts"]["has_data"]) == ("stable", False)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("0001-01-01", "0001-01-02"),
        ("9999-12-31", "9999-12-31"),
        (0, 0),
        ("2026-03-02T00:00:00Z", "2026-03-02"),
    ],
)
def test_a_period_that_nothing_can_be_reported_on_is_refused(api: Api, start: object, end: object) -> None:
    request = {"report_type": "custom", "period_start": start, "period_end": end}
    problem = api.refuse(422, "POST", "/v1/reports", json=request)
    assert "/period_start" in [error["pointer"] for error in problem["errors"]]


def test_slots_give_the_weeks_and_months_before_them(connection: Connection, database: Database) -> None:
    with database.write() as transaction:
        tick(transaction, enabled=True, now=datetime(2026, 2, 27, tzinfo=UTC))
    with database.write() as transaction:
        made = tick(transaction, enabled=True, now=datetime(2026, 3, 9, 9, tzinfo=UTC))
    assert len(made) == 3
    rows = connection.execute(text("SELECT report_type, period_start, period_end FROM report_runs ORDER BY slot"))
    assert [tuple(row) for row in rows] == [
        ("monthly", date(2026, 1, 30), date(2026, 2, 28)),
        ("weekly", date(2026, 2, 23), date(2026, 3, 1)),
        ("weekly", date(2026, 3, 2), date(2026, 3, 8)),
    ]


def test_a_slot_gives_one_run_however_often_it_is_asked_for(connection: Connection, database: Database) -> None:
    for moment in (datetime(2026, 3, 6, tzinfo=UTC), *[datetime(2026, 3, 9, 9, 7, tzinfo=UTC)] * 3):
        with database.write() as transaction:
            tick(transaction, enabled=True, now=moment)
    assert connection.execute(text("SELECT count(*) FROM report_runs")).scalar_one() == 1


def test_slots_are_skipped_while_reports_are_switched_off(connection: Connection, database: Database) -> None:
    for moment in (datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 3, 9, 9, tzinfo=UTC)):
        with database.write() as transaction:
            assert tick(transaction, enabled=False, now=moment) == []
    assert connection.execute(text("SELECT status FROM report_runs")).scalar_one() == "skipped"


def test_a_report_looks_through_no_events(api: Api, connection: Connection) -> None:
    post_week(api)
    period = Period.between(date(2026, 3, 2), date(2026, 3, 8))
    identifiers = Identifiers(References("a key of this test"), whole=False)
    query = Query(period, DetectionSettings(), MONDAY, identifiers, Page(limit=10), DetectionSettings())
    connection.execute(text("SET enable_seqscan = off"))
    with watch_statements(connection) as statements:
        fetch_report_facts(connection, "custom", query)
    plans = statements.explain(connection)
    connection.execute(text("RESET enable_seqscan"))
    assert [plan for plan in plans if "Seq Scan on attribution_events" in plan] == []
    assert any("attribution_events" in plan for plan in plans), "clean K reads the conversions by their index"
