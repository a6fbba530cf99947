"""Restated reports: a ready report whose K or health status later verdicts or late data change is generated again.

The first report stays as it was. Each report is replaced at most once; what changes later replaces the newest one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.dialects.postgresql import insert

from metrics_api.context import Context
from metrics_api.db.tables import report_runs
from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import Query, build_masked_query
from metrics_api.growth.clean import fetch_flagged_totals
from metrics_api.growth.k_factor import fetch_counts
from metrics_api.health.evaluation import fetch_state, rate_health
from metrics_api.reports.requests import run_values
from metrics_api.reports.runs import RUNS
from metrics_api.work.due import enqueue_due
from viral_contract.models.flags import Flag
from viral_contract.models.period import Period
from viral_contract.models.reports import ReportFacts, ReportFigures, Restatement, RestatingCase

ACTOR = "restatement"
"""Who asks for a report that replaces another one."""
RESTATED_ABOVE = 0.05
_MOST_AT_ONCE = 10
_MOST_CASES = 20
_CHECKED_EVERY = timedelta(hours=1)
_NEGLIGIBLE = 1e-9
_COUNTS = ("total_invites", "total_clicks", "total_conversions")
# What content changes of a score: views come in for weeks, and people resolve what was found.
_OF_CONTENT = ("opt_out_rate", "coppa_violations")
_IS_LATEST = """
    report.status = 'ready' AND report.period_start >= coalesce((SELECT max(events_from) FROM purges), '-infinity')
    AND NOT EXISTS (SELECT FROM report_runs AS later WHERE later.restates = report.id)
"""
_IS_SEEN_IN = "first_seen < report.period_end + 1 AND last_seen >= report.period_start"
_IS_DECIDED_SINCE = f"""EXISTS (
    SELECT FROM case_verdicts AS given JOIN cases ON cases.id = case_id
    WHERE greatest(given.decided_at, given.undone_at) > {{since}} AND {_IS_SEEN_IN}
)"""
_DUE = text(f"""
    SELECT id, report_type, period_start, period_end, content -> 'facts' AS facts FROM report_runs AS report
    WHERE {_IS_LATEST} AND (checked_at < :stale OR {_IS_DECIDED_SINCE.format(since="checked_at")})
        AND NOT {_IS_DECIDED_SINCE.format(since=":quiet_since")}
    ORDER BY checked_at LIMIT {_MOST_AT_ONCE}
""")
_TOUCHED = text(f"""
    SELECT report.id, content -> 'facts' AS facts FROM report_runs AS report JOIN cases ON {_IS_SEEN_IN}
    WHERE {_IS_LATEST} AND cases.id = :case_id ORDER BY report.id DESC LIMIT {_MOST_AT_ONCE}
""")
_FACTS = text("SELECT content -> 'facts' FROM report_runs WHERE id = :id")
_NOTE_CHECK = text("UPDATE report_runs SET checked_at = greatest(checked_at, :checked_at) WHERE id = :id")
_CASES = text(f"""
    WITH decided AS (
        SELECT DISTINCT ON (case_id) case_id, CASE WHEN undone_at IS NULL THEN verdict ELSE 'undone' END AS change
        FROM case_verdicts WHERE greatest(decided_at, undone_at) > :since
        ORDER BY case_id, greatest(decided_at, undone_at) DESC, id DESC
    ), changed AS (
        SELECT * FROM decided
        UNION ALL SELECT id, 'opened' FROM cases
        WHERE opened_at > :since AND strength = 'flags' AND id NOT IN (SELECT case_id FROM decided)
    )
    SELECT case_id, kind, rules, change, count(*) OVER () AS total, (
        SELECT count(*) FROM case_conversions AS own
        WHERE own.case_id = changed.case_id AND day BETWEEN :start AND :end
    ) AS conversions
    FROM changed JOIN cases ON cases.id = case_id WHERE first_seen < :behind AND last_seen >= :first
    ORDER BY conversions DESC, case_id LIMIT {_MOST_CASES}
""")


def restate_reports(context: Context, *, after_seconds: float, now: datetime) -> list[int]:
    """Request a new run for each of some reports whose figures no longer hold; returns the runs' ids.

    A report is compared once an hour, and when verdicts about its period have come in and none for `after_seconds`.
    """
    if not context.flags.is_on(Flag.PERFORMANCE_REPORTS, ACTOR):
        return []
    quiet_since = now - timedelta(seconds=after_seconds)
    with context.database.read() as connection:
        rows = connection.execute(_DUE, {"stale": now - _CHECKED_EVERY, "quiet_since": quiet_since}).all()
    checked = [_check(context, row, quiet_since, now=now) for row in rows]
    made = [run_id for run_id in checked if run_id is not None]
    if made:
        enqueue_due(context, RUNS, now=now)
    return made


def _check(context: Context, row: Row[Any], quiet_since: datetime, *, now: datetime) -> int | None:
    """Compare one report, and request its replacement in a transaction of its own if it is outdated."""
    facts = ReportFacts.model_validate(row.facts)
    with context.database.read() as connection:
        is_outdated = _differs(connection, facts, _build_query(context, facts, now=now), is_explained=True)
    with context.database.write() as connection:
        connection.execute(_NOTE_CHECK, {"id": row.id, "checked_at": quiet_since})
        return _request(connection, row, now=now) if is_outdated else None


def _request(connection: Connection, row: Row[Any], *, now: datetime) -> int | None:
    """Record the run that replaces a report; None if there is one."""
    period = Period.between(row.period_start, row.period_end)
    values = run_values(row.report_type, period, by=ACTOR, now=now) | {"restates": row.id}
    statement = insert(report_runs).values(values).on_conflict_do_nothing().returning(report_runs.c.id)
    run_id: int | None = connection.execute(statement).scalar_one_or_none()
    return run_id


def find_restated(connection: Connection, context: Context, case_id: int, *, now: datetime) -> list[int]:
    """The newest reports about the dates of a case that would be replaced as things stand in this transaction."""
    found = [(row.id, ReportFacts.model_validate(row.facts)) for row in _fetch_touched(connection, case_id)]
    return sorted(
        report_id
        for report_id, facts in found
        if _differs(connection, facts, _build_query(context, facts, now=now), is_explained=False)
    )


def _fetch_touched(connection: Connection, case_id: int) -> Sequence[Row[Any]]:
    return connection.execute(_TOUCHED, {"case_id": case_id}).all()


def _build_query(context: Context, facts: ReportFacts, *, now: datetime) -> Query:
    period = Period.between(facts.period_start, facts.period_end)
    return build_masked_query(period, context.settings.detection, context.references, now=now)


def _differs(connection: Connection, facts: ReportFacts, query: Query, *, is_explained: bool) -> bool:
    """Whether K or the health status is another one now; if wanted, only where verdicts or late data explain it.

    What was in progress was not final, and of what is purged nothing is known.
    """
    if not facts.is_over or facts.current.is_partial:
        return False
    counts, lists = fetch_counts(connection, query.period), fetch_active_lists(connection, query)
    if counts.is_partial:
        return False
    flagged = fetch_flagged_totals(connection, query, lists)
    health = rate_health(connection, query, fetch_state(connection, query.period, lists), flagged)
    figures = ReportFigures(
        k_factor=float(counts.k_factor),
        k_factor_clean=float(counts.clean_of(flagged.conversions)),
        total_invites=counts.invites,
        total_clicks=counts.clicks,
        total_conversions=counts.conversions,
        health_score=health.health_score if health.is_known else None,
        health_status=health.health_status if health.is_known else None,
    )
    if not is_restated(facts.figures, figures):
        return False
    return not is_explained or _is_explained(connection, facts, figures, health.deductions.model_dump())


def is_restated(old: ReportFigures, new: ReportFigures) -> bool:
    """Whether K, with or without flagged conversions, differs by more than 5 %, or the health status by any."""
    is_rated = old.health_status is not None and new.health_status is not None
    return (
        _has_moved(old.k_factor, new.k_factor)
        or _has_moved(old.k_factor_clean, new.k_factor_clean)
        or (is_rated and old.health_status != new.health_status)
    )


def _has_moved(old: float, new: float) -> bool:
    return abs(new - old) > RESTATED_ABOVE * old + _NEGLIGIBLE


def _is_explained(
    connection: Connection, facts: ReportFacts, figures: ReportFigures, deductions: dict[str, float]
) -> bool:
    """Whether it is not only the thresholds that are others."""
    late = any(getattr(figures, name) != getattr(facts.figures, name) for name in _COUNTS)
    return late or _is_content_late(facts.deductions, deductions) or bool(_fetch_cases(connection, facts))


def _is_content_late(old: dict[str, float], new: dict[str, float]) -> bool:
    return any(abs(new.get(name, 0) - old.get(name, 0)) > _NEGLIGIBLE for name in _OF_CONTENT)


def explain_restatement(connection: Connection, report_id: int, facts: ReportFacts) -> Restatement:
    """What has come in since the report that these facts replace."""
    old = ReportFacts.model_validate(connection.execute(_FACTS, {"id": report_id}).scalar_one())
    cases = _fetch_cases(connection, old)
    return Restatement(
        report_id=report_id,
        snapshot_at=old.snapshot_at,
        figures=old.figures,
        cases=[RestatingCase(**row._mapping) for row in cases],
        total_cases=cases[0].total if cases else 0,
        late_invites=facts.current.total_invites - old.current.total_invites,
        late_clicks=facts.current.total_clicks - old.current.total_clicks,
        late_conversions=facts.current.total_conversions - old.current.total_conversions,
        late_content=_is_content_late(old.deductions, facts.deductions),
    )


def _fetch_cases(connection: Connection, old: ReportFacts) -> Sequence[Row[Any]]:
    period = Period.between(old.period_start, old.period_end)
    given = {
        "since": old.snapshot_at,
        "start": period.start,
        "end": period.end,
        "first": period.begins_at,
        "behind": period.ends_before,
    }
    return connection.execute(_CASES, given).all()
