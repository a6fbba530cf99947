"""Which conversions cases leave out of clean figures."""

from metrics_api.detection.quiet import IS_ACTIVE
from viral_contract.models.cases import CaseKind

IS_LEFT_OUT = "(status = 'decided' AND verdict = 'fraud' OR status <> 'decided' AND is_flagged)"
"""Of a row of `case_conversions` with its case."""
# Thresholds decide about networks and devices: under other ones than those in use, their open cases say nothing.
AT_STAKE = f"""
    SELECT event_id FROM case_conversions JOIN cases ON cases.id = case_id
    WHERE day = ANY(:days) AND {IS_LEFT_OUT}
        AND (:is_live OR status = 'decided' OR kind NOT IN ('network', 'device'))
"""
"""The conversions flagged and not judged legitimate, and those judged fraud; wants `days` and `is_live`."""
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
