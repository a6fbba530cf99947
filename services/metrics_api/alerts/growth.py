"""Alerts on growth: days far from what was expected of them, and a cohort K below that of the weeks before.

What they look at changes when a day ends, so that they are evaluated less often than the guardrails.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from metrics_api.alerts.alert_events import save_alert_events
from metrics_api.alerts.evaluate import build_recent_query, record_opened
from metrics_api.alerts.lifecycle import AlertChanges, await_turn, save_findings
from metrics_api.alerts.rules import GROWTH_TYPES, MAX_REFS, Finding
from metrics_api.context import Context
from metrics_api.db.paging import Page
from metrics_api.detection.query import Query
from metrics_api.growth.expected import Judged
from metrics_api.growth.k_fall import KFall, fetch_k_fall
from metrics_api.growth.measures import Place
from metrics_api.growth.series import fetch_judged_series
from viral_contract.models.alerts import Evidence, EvidenceRow, EvidenceUnit
from viral_contract.models.period import Period
from viral_contract.models.series import SERIES_METRICS, SeriesMetric
from viral_reports.dates import format_day, format_period
from viral_reports.figures import format_count, format_counted, format_k, format_rate, format_z, name_loop, name_metric

# People's browsers are all that the other classes are not.
_METRICS: Sequence[SeriesMetric] = [metric for metric in SERIES_METRICS if metric != "human_share"]
_UNITS: Mapping[SeriesMetric, EvidenceUnit] = {
    "clicks": "clicks",
    "signups": "signups",
    "conversions": "conversions",
    "invites": "invites",
    "violations": "items",
}
_LINK = "/dashboard/growth?days=7&panel="


def evaluate_growth(context: Context, *, now: datetime) -> AlertChanges:
    """Open, update and end the alerts on growth; other evaluations wait only while it writes."""
    query = build_recent_query(context, Page(MAX_REFS), now=now)
    with context.database.read() as connection:
        findings = find_growth_alerts(connection, query)
    with context.database.write() as connection:
        await_turn(connection)
        changes = save_findings(connection, findings, GROWTH_TYPES, query.period, now=now)
        save_alert_events(connection, context.flags, changes, now=now)
    record_opened(changes)
    return changes


def find_growth_alerts(connection: Connection, query: Query) -> list[Finding]:
    """What is found in the days of the period that are over, and in the newest week whose users had their 28 days."""
    series = fetch_judged_series(connection, _METRICS, query.period.dates(), today=query.now.date())
    found = [
        find_changes(series.by_place, query.period),
        describe_k_fall(fetch_k_fall(connection, query), query.period),
    ]
    return [finding for finding in found if finding is not None]


def find_changes(series: Mapping[Place, Sequence[Judged]], period: Period) -> Finding | None:
    """The days that are changes, of loops where one is known and of all together; the furthest first."""
    changes = [
        (place, judged) for place, days in series.items() if place.source != "" for judged in days if judged.is_change
    ]
    if not changes:
        return None
    changes.sort(key=lambda change: (-abs(change[1].z or 0), change[0].source or "", change[0].metric, change[1].day))
    rows = [_build_row(place, judged) for place, judged in changes]
    evidence = Evidence(
        what="days far from expected",
        count=len(changes),
        unit="items",
        threshold=0,
        period=period,
        rows=rows[:MAX_REFS],
        refs=[row.ref for row in rows][:MAX_REFS],
        link=f"{_LINK}by-day&metric={changes[0][0].metric}",
    )
    return Finding("growth_change", "medium", _describe(changes), evidence)


def _build_row(place: Place, judged: Judged) -> EvidenceRow:
    loop = f", {name_loop(place.source)}" if place.source else ""
    scale = judged.measured.out_of or 1
    return EvidenceRow(
        label=f"{name_metric(place.metric)}{loop}",
        ref=f"change:{place.metric}:{place.source or ''}:{judged.day}",
        day=judged.day,
        unit=_UNITS.get(place.metric, "rate"),
        value=judged.measured.value,
        metric=place.metric,
        source=place.source,
        expected=judged.expected.middle / scale if judged.expected else None,
        z=judged.z,
    )


def _describe(changes: Sequence[tuple[Place, Judged]]) -> str:
    place, judged = changes[0]
    row, rest = _build_row(place, judged), len(changes) - 1
    where = f" of {name_loop(place.source)}" if place.source else ""
    side = "above" if judged.is_rise else "below"
    value, expected = _format(row.value, row.unit), _format(row.expected or 0, row.unit)
    when, figures = (
        f"expected on {format_day(judged.day)}",
        f"{value}, {expected} expected (z = {format_z(row.z or 0)})",
    )
    more = f" {format_counted(rest, 'other change', 'other changes')} in 7 days." if rest else ""
    return f"{name_metric(place.metric)}{where} far {side} {when}: {figures}.{more}"


def _format(value: float, unit: EvidenceUnit | None) -> str:
    return format_rate(value) if unit == "rate" else format_count(round(value))


def describe_k_fall(fall: KFall | None, period: Period) -> Finding | None:
    """The finding for a week whose K is below that of the weeks before."""
    if fall is None:
        return None
    when, users = format_period(fall.week), format_counted(fall.users, "user")
    now, before = format_k(fall.signups / fall.users), format_k(fall.expected / fall.users)
    signups, expected = format_counted(fall.signups, "signup"), format_count(round(fall.expected))
    brought = f"{users} who signed up on {when} brought {signups} within 28 days, {expected} expected"
    row = EvidenceRow(
        label=f"{users} who signed up on {when}",
        ref=f"cohort:{fall.week.start}",
        day=fall.week.start,
        unit="signups",
        value=fall.signups,
        expected=fall.expected,
        z=fall.z,
    )
    evidence = Evidence(
        what="weeks with a lower K",
        count=1,
        unit="items",
        threshold=0,
        period=period,
        rows=[row],
        refs=[row.ref],
        link=f"{_LINK}k-factor",
    )
    change = f"Honest K fell to {now}, from {before} of the {fall.weeks_before} weeks before"
    return Finding("k_fell", "medium", f"{change}: {brought}.", evidence)
