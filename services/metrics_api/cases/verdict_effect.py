"""What a verdict would change: it is given, measured and taken back, so that nothing is stored."""

from collections.abc import Callable, Mapping
from typing import Literal

from sqlalchemy import Connection, text

from metrics_api.cases.verdicts import Act, save_verdict
from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import Query
from metrics_api.growth.clean import fetch_flagged_totals
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
_CASE = text("SELECT verdict, conversions FROM cases WHERE id = :id")


def measure_verdict(
    connection: Connection,
    case_id: int,
    request: VerdictRequest,
    query: Query,
    act: Act,
    find_restated: Callable[[Connection], list[int]],
) -> VerdictEffect:
    """What would change of the query's period, and which reports would be restated. Raises as `save_verdict`."""
    counts = fetch_counts(connection, query.period)
    now = _measure(connection, counts, query)
    with connection.begin_nested() as trial:
        before = connection.execute(_CASE, {"id": case_id}).one_or_none()
        save_verdict(connection, [case_id], request, act)
        afterwards, restated = _measure(connection, counts, query), find_restated(connection)
        trial.rollback()
    return VerdictEffect(
        k_factor_clean_now=now,
        k_factor_clean=afterwards,
        conversions=before.conversions if before and CREDIBILITY[before.verdict] != CREDIBILITY[request.verdict] else 0,
        credibility=CREDIBILITY[request.verdict],
        restated_reports=restated,
    )


def _measure(connection: Connection, counts: Counts, query: Query) -> float:
    flagged = fetch_flagged_totals(connection, query, fetch_active_lists(connection, query))
    return float(counts.clean_of(flagged.conversions))
