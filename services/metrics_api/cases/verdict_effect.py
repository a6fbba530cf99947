"""What a verdict would change: it is given, measured and taken back, so that nothing is stored."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, text

from metrics_api.cases.verdicts import Act, save_verdict
from metrics_api.detection.case_effects import IS_LEFT_OUT
from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import Query
from metrics_api.growth.clean import fetch_flagged
from metrics_api.growth.k_factor import Counts, fetch_counts
from viral_contract.models.cases import CaseVerdict, VerdictEffect, VerdictRequest

Credibility = Literal["credible", "doubtful", "not_credible"]
CREDIBILITY: Mapping[CaseVerdict | None, Credibility] = {
    "fraud": "not_credible",
    "legitimate": "credible",
    "unsure": "doubtful",
    None: "doubtful",
}
"""Of the conversions at stake in a case, by its verdict."""
_RESTATED_ABOVE = 0.05
_CASE = text("SELECT verdict, conversions FROM cases WHERE id = :id")
# What another case leaves out as well does not change.
_LEFT_OUT = text(f"""
    SELECT event_id, day FROM case_conversions AS own JOIN cases ON cases.id = case_id
    WHERE case_id = :id AND {IS_LEFT_OUT} AND NOT EXISTS (
        SELECT FROM case_conversions JOIN cases ON cases.id = case_id
        WHERE event_id = own.event_id AND case_id <> :id AND {IS_LEFT_OUT})
""")
_RESTATED = text("""
    SELECT id FROM report_runs AS report
    WHERE status = 'ready' AND content IS NOT NULL AND (
        SELECT coalesce(sum(conversions), 0)
        FROM jsonb_to_recordset(CAST(:changes AS jsonb)) AS change (day date, conversions int)
        WHERE day BETWEEN period_start AND period_end
    ) > :share * (content #>> '{facts,k_factor_clean}')::float * (content #>> '{facts,current,active_users}')::bigint
    ORDER BY id
""")


def measure_verdict(
    connection: Connection, case_id: int, request: VerdictRequest, query: Query, act: Act
) -> VerdictEffect:
    """What would change of the query's period and of reports. Raises as `save_verdict`."""
    counts = fetch_counts(connection, query.period)
    now, left_out = _measure(connection, counts, query), _fetch_left_out(connection, case_id)
    with connection.begin_nested() as trial:
        before = connection.execute(_CASE, {"id": case_id}).one_or_none()
        save_verdict(connection, [case_id], request, act)
        afterwards, left_out_then = _measure(connection, counts, query), _fetch_left_out(connection, case_id)
        trial.rollback()
    return VerdictEffect(
        k_factor_clean_now=now,
        k_factor_clean=afterwards,
        conversions=before.conversions if before and CREDIBILITY[before.verdict] != CREDIBILITY[request.verdict] else 0,
        credibility=CREDIBILITY[request.verdict],
        restated_reports=_list_restated(connection, {**left_out, **left_out_then}, left_out.keys() ^ left_out_then),
    )


def _measure(connection: Connection, counts: Counts, query: Query) -> float:
    flagged = fetch_flagged(connection, query, fetch_active_lists(connection, query))
    return float(counts.clean_of(flagged.total_conversions))


def _fetch_left_out(connection: Connection, case_id: int) -> dict[UUID, date]:
    """The conversions that nothing but this case leaves out, with their dates."""
    return {row.event_id: row.day for row in connection.execute(_LEFT_OUT, {"id": case_id})}


def _list_restated(connection: Connection, days: Mapping[UUID, date], changed: set[UUID]) -> list[int]:
    if not changed:
        return []
    by_day = Counter(str(days[event_id]) for event_id in changed)
    changes = [{"day": day, "conversions": conversions} for day, conversions in by_day.items()]
    given = {"changes": json.dumps(changes), "share": _RESTATED_ABOVE}
    return list(connection.execute(_RESTATED, given).scalars())
