"""Which conversions cases leave out of clean figures."""

from metrics_api.detection.query import Query
from metrics_api.detection.quiet import IS_ACTIVE
from viral_contract.models.cases import CaseKind

IS_LEFT_OUT = "(status = 'decided' AND verdict = 'fraud' OR status <> 'decided' AND is_flagged)"
"""Of a row of `case_conversions` with its case."""
# Thresholds decide about networks and devices: under other ones than those in use, their open cases say nothing.
_THRESHOLDS: dict[CaseKind, tuple[str, ...]] = {
    "network": ("fraud_ip_click_threshold", "fraud_rule"),
    "device": ("bot_rapid_click_threshold", "bot_rapid_click_window_seconds"),
}
AT_STAKE = f"""
    SELECT event_id FROM case_conversions JOIN cases ON cases.id = case_id
    WHERE day = ANY(:days) AND {IS_LEFT_OUT}
        AND (status = 'decided' OR kind <> ALL(CAST(:silent_kinds AS text[])))
"""
"""The conversions flagged and not judged legitimate, and those judged fraud; wants `days` and `silent_kinds`."""
# A verdict on duplicates is about these alone: the referrer's other conversions are earned.
FRAUDS = f"""
    SELECT kind, entity, min(decided_at) AS since FROM cases
    WHERE {IS_ACTIVE} AND verdict = 'fraud' AND rules <> ARRAY['duplicate'] GROUP BY kind, entity
"""
"""Who was judged fraud, and since when their new conversions do not count; wants the value `now`."""
_COLUMNS: dict[CaseKind, str] = {
    "referrer": "referrer_id",
    "device": "device_fingerprint",
    "network": "abbrev(network)",
    "link": "link_id",
}
IS_OF_FRAUD = " OR ".join(
    f"""CASE WHEN {column} IN (SELECT entity FROM fraud WHERE kind = '{kind}') THEN occurred_at >= (
        SELECT since FROM fraud WHERE kind = '{kind}' AND entity = {column}) ELSE false END"""
    for kind, column in _COLUMNS.items()
)
"""Whether a conversion is of somebody in `fraud`, since the verdict: in a hashed look-up, as there are many."""


def list_silent_kinds(query: Query) -> list[CaseKind]:
    """The kinds whose open cases were opened by other thresholds than the query's."""
    return [kind for kind, names in _THRESHOLDS.items() if not query.is_as_configured(*names)]
