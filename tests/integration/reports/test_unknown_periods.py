"""Periods of which little is known: not over, purged, empty or still to come. None of them is praised or blamed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from metrics_api.db.database import Database
from report_worker.writing import WrittenReport, write_report_text
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks, build_event
from tests.support.growth_week import build_invite
from tests.support.purging import OLD, purge
from tests.support.report_runs import make_report
from viral_contract.models.reports import ReportFacts
from viral_reports.csv_file import render_csv
from viral_reports.html_page import render_html

CHANGES = ("fell", "rose", "▼", "▲", "−")


def post_day(api: Api, day: date, *, referrers: int, links: int, clicks: int, conversions: int) -> None:
    """So many referrers with links each, and what came of the links."""
    at = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
    names = [(f"{day}-{referrer}-{link}", f"r{referrer}") for referrer in range(referrers) for link in range(links)]
    items = [build_invite(name, referrer, at) for name, referrer in names]
    assert api.send("POST", "/v1/links", json={"items": items}).status_code == 200
    counts = {"click": clicks, "conversion": conversions}
    api.post_events(
        *(
            build_event(kind, at=at, link_id=names[n % len(names)][0], user_id=f"{day}-{n}")
            for kind, count in counts.items()
            for n in range(count)
        )
    )


def write(report: dict[str, Any]) -> WrittenReport:
    """The report as a worker writes it."""
    facts = ReportFacts.model_validate(report["facts"])
    text = write_report_text(facts, None)
    return WrittenReport(report["id"], facts, text.insights, text.recommendations, text.written_by)


def sentences(written: WrittenReport) -> str:
    return "\n".join([*(insight.text for insight in written.insights), *written.recommendations])


def test_a_day_that_is_not_over_is_not_compared(api: Api) -> None:
    today = datetime.now(UTC).date()
    post_day(api, today - timedelta(days=1), referrers=40, links=3, clicks=120, conversions=40)
    post_day(api, today, referrers=40, links=1, clicks=40, conversions=0)
    report = make_report(api, start=str(today), end=str(today))
    assert (report["k_factor_trend"], report["k_factor_change_pct"], report["conversion_trend"]) == (
        "stable",
        None,
        "stable",
    )
    assert "This period is still in progress" in sentences(write(report))
    page = render_html(write(report))
    assert "This period is still in progress." in page
    body = page.partition("<h2>Health Score</h2>")[0]
    assert [word for word in CHANGES if word in body + sentences(write(report))] == []
    answer = api.read("/v1/growth/k-factor", start=str(today), end=str(today))
    assert (answer["is_over"], answer["trend"], answer["change_pct"], answer["compared"]) == (
        False,
        "stable",
        None,
        None,
    )


def test_growth_that_is_not_over_is_compared_without_its_last_date(api: Api) -> None:
    today = datetime.now(UTC).date()
    for days_ago, conversions in ((3, 20), (2, 20), (1, 30), (0, 0)):
        day = today - timedelta(days=days_ago)
        post_day(api, day, referrers=40, links=1, clicks=80, conversions=conversions)
    answer = api.read("/v1/growth/k-factor", days=2)
    assert (answer["is_over"], answer["trend"], answer["change_pct"]) == (False, "up", 50)
    yesterday, before = str(today - timedelta(days=1)), str(today - timedelta(days=3))
    compared = answer["compared"]
    assert (compared["period"]["start"], compared["period"]["end"]) == (yesterday, yesterday)
    assert (compared["previous_period"]["start"], compared["previous_period"]["end"]) == (before, before)
    assert (compared["k_factor"], compared["previous_k_factor"]) == (0.75, 0.5)
    assert answer["why"]["total"] == 0.25
    over = api.read("/v1/growth/k-factor", start=yesterday, end=yesterday)
    assert (over["is_over"], over["compared"]["period"]["start"]) == (True, yesterday)


@pytest.mark.parametrize("others", [0, 3])
def test_what_was_flagged_on_purged_dates_is_not_known(api: Api, database: Database, others: int) -> None:
    day = {"start": str(OLD.date()), "end": str(OLD.date())}
    farm = [click for n in range(12) for click in build_clicks(12, at=OLD, ip_address=f"198.51.100.{n}")]
    api.post_events(*farm, *(build_event(at=OLD, referrer_id="ann") for _ in range(others)))
    assert make_report(api, **day)["fraud_flags"] == 12
    purge(database)
    report = make_report(api, **day | {"end": str(OLD.date() + timedelta(days=1))})
    unknown = ("health_score", "fraud_flags", "health_missing")
    assert [report[name] for name in unknown] == [None, None, "not known"]
    assert set(report["facts"]["deductions"]) == {"opt_out_rate", "coppa_violations"}
    written = write(report)
    assert "The health score is not available" in sentences(written)
    for text in (render_html(written).partition("</style>")[2], render_csv(written), sentences(written)):
        assert "excellent" not in text
        assert "There are no deductions" not in text
    assert ">not known<" in render_html(written)
    health = api.read("/v1/guardrails/health", **day)
    assert (health["is_partial"], health["has_data"]) == (True, True)
    assert api.read("/v1/guardrails/what-if", **day)["is_partial"]


def test_dates_that_are_purged_and_were_empty_hide_nothing(api: Api, database: Database) -> None:
    purge(database)
    health = api.read("/v1/guardrails/health", start=str(OLD.date()), end=str(OLD.date()))
    assert (health["is_partial"], health["has_data"]) == (False, False)


def test_a_report_of_an_empty_period_has_neither_score_nor_compliance(api: Api) -> None:
    report = make_report(api, start="2026-03-02", end="2026-03-02")
    names = ("health_score", "health_missing", "compliance_rate", "fraud_flags")
    assert [report[name] for name in names] == [None, "no data", None, None]
    listed = api.read("/v1/reports")["reports"][0]
    assert (listed["health_score"], listed["health_missing"]) == (None, "no data")
    written = write(report)
    for text in (render_html(written).partition("</style>")[2], render_csv(written), sentences(written)):
        assert "100.0" not in text
        assert "excellent" not in text
    assert "No data for the health score or compliance" in sentences(written)


PERIOD_READS = (
    *(f"guardrails/{name}" for name in ("fraud", "bots", "opt-outs", "coppa", "coppa/violations", "health", "history")),
    *("guardrails/conversion-anomalies", "guardrails/referrers", "guardrails/what-if"),
    *(f"growth/{name}" for name in ("k-factor", "loops", "timeline", "referrers", "funnel", "cycle-time")),
    *("investigations/ips/203.0.113.1", "investigations/devices/d", "investigations/referrers/ann"),
)


@pytest.mark.parametrize("path", PERIOD_READS)
def test_a_period_that_ends_in_the_future_is_refused(api: Api, path: str) -> None:
    today = datetime.now(UTC).date()
    response = api.send("GET", f"/v1/{path}?start={today}&end={today + timedelta(days=1)}")
    assert response.status_code == 422
    assert response.get_json()["errors"] == [{"pointer": "#end", "detail": f"is in the future: today is {today} (UTC)"}]
    assert api.send("GET", f"/v1/{path}?start={today}&end={today}").status_code in (200, 404)


def test_a_report_that_ends_in_the_future_is_refused(api: Api) -> None:
    today = datetime.now(UTC).date()
    period = {"period_start": str(today), "period_end": str(today + timedelta(days=1))}
    response = api.send("POST", "/v1/reports", json={"report_type": "custom", **period})
    assert response.status_code == 422
    assert response.get_json()["errors"][0] == {
        "pointer": "/period_end",
        "detail": f"is in the future: today is {today} (UTC)",
    }
