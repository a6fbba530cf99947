"""Where cases name a subject: as what they are about, in the evidence of others, and by its conversions."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, text

from metrics_api.cases.stakes import count_stakes, own_cases
from metrics_api.detection.quiet import IS_ACTIVE
from metrics_api.privacy.retention import Retention
from viral_contract.models.privacy import SubjectKind

# A case of an IPv6 network is about others, too.
ABOUT: Mapping[SubjectKind, str] = {
    "user": """kind = 'referrer' AND entity = :id OR kind = 'link' AND entity IN (
        SELECT link_id FROM attribution_links WHERE referrer_id = :id)""",
    "device": "kind = 'device' AND entity = :id",
    "ip_address": "kind = 'network' AND entity = host(CAST(:id AS inet))",
}
# The evidence names others.
EXPORTS = {
    kind: text(f"SELECT to_jsonb(item) - 'evidence' FROM cases AS item WHERE {condition} ORDER BY id")
    for kind, condition in ABOUT.items()
}
_DELETE = {kind: text(f"DELETE FROM cases WHERE {condition}") for kind, condition in ABOUT.items()}
_NAMED_UNDER: Mapping[SubjectKind, str] = {"user": "user_ids", "device": "device_ids"}
_CLEAR = {
    kind: text(f"""
        UPDATE cases SET evidence = (
            SELECT jsonb_agg(CASE WHEN rule #> '{{evidence,{name}}}' ? :id
                THEN jsonb_set(rule, '{{evidence,{name}}}', (rule #> '{{evidence,{name}}}') - CAST(:id AS text))
                ELSE rule END ORDER BY place)
            FROM jsonb_array_elements(evidence) WITH ORDINALITY AS rules (rule, place))
        WHERE jsonb_path_exists(
            evidence, '$[*].evidence.{name}[*] ? (@ == $id)', jsonb_build_object('id', CAST(:id AS text)))
    """)
    for kind, name in _NAMED_UNDER.items()
}
_TAKE_OUT = text("""
    WITH gone AS (DELETE FROM case_conversions WHERE event_id = ANY(CAST(:ids AS uuid[])) RETURNING case_id)
    UPDATE cases SET conversions = cases.conversions - gone_of.conversions
    FROM (SELECT case_id, count(*) AS conversions FROM gone GROUP BY case_id) AS gone_of WHERE id = case_id
""")
_FORGET = text("DELETE FROM not_credible_conversions WHERE event_id = ANY(CAST(:ids AS uuid[]))")
# A call that is being made is the last one about the conversion.
_FORGET_CALLS = text("""
    WITH called AS (
        DELETE FROM webhook_events
        WHERE type = 'conversion.not_credible' AND data ->> 'event_id' = ANY(CAST(:ids AS text[]))
        RETURNING request_id
    ), emptied AS (
        UPDATE deliveries SET content = NULL,
            finished_at = CASE status WHEN 'pending' THEN now() ELSE finished_at END,
            status = CASE status WHEN 'pending' THEN 'cancelled' ELSE status END
        WHERE request_id IN (SELECT request_id FROM called)
    )
    UPDATE delivery_requests SET event = NULL WHERE id IN (SELECT request_id FROM called)
""")
_OLD = text(f"DELETE FROM cases WHERE last_seen < :cutoff AND NOT ({IS_ACTIVE})")
# Of a verdict that is in force, who and what it is about is kept, and which rules; not what they found.
_OLD_EVIDENCE = text("""
    UPDATE cases SET evidence = (
        SELECT jsonb_agg(jsonb_set(rule, '{evidence}', '{}') ORDER BY place)
        FROM jsonb_array_elements(evidence) WITH ORDINALITY AS rules (rule, place))
    WHERE last_seen < :cutoff AND jsonb_path_exists(evidence, '$[*].evidence.*')
""")
_OLD_NOT_CREDIBLE = text("DELETE FROM not_credible_conversions WHERE day < :cutoff")
_OLD_CONVERSIONS = text("""
    WITH gone AS (DELETE FROM case_conversions WHERE day < :cutoff RETURNING case_id), counted AS (
        UPDATE cases SET conversions = cases.conversions - gone_of.conversions
        FROM (SELECT case_id, count(*) AS conversions FROM gone GROUP BY case_id) AS gone_of WHERE id = case_id
    )
    SELECT count(*) FROM gone
""")


def forget_cases(connection: Connection, kind: SubjectKind, subject_id: str) -> int:
    """Delete the cases about the subject, and take its id out of the evidence of others; returns how many changed."""
    statements = [found[kind] for found in (_DELETE, _CLEAR) if kind in found]
    return sum(connection.execute(statement, {"id": subject_id}).rowcount for statement in statements)


def forget_conversions(connection: Connection, event_ids: Collection[str]) -> None:
    """Take conversions that are deleted, or no longer credited, out of all cases and calls of webhooks."""
    for statement in (_TAKE_OUT, _FORGET, _FORGET_CALLS):
        connection.execute(statement, {"ids": list(event_ids)})


def purge_cases(connection: Connection, retention: Retention) -> int:
    """Delete cases that were last seen before the kept dates, with their verdicts; returns the number.

    A case whose verdict is in force only loses its evidence.
    """
    own_cases(connection)
    connection.execute(_OLD_EVIDENCE, {"cutoff": retention.events_at})
    deleted = connection.execute(_OLD, {"cutoff": retention.events_at, "now": retention.at}).rowcount
    if deleted:
        count_stakes(connection)
    return deleted


def purge_case_conversions(connection: Connection, retention: Retention) -> int:
    """Delete conversions before the kept dates from cases; returns the number."""
    connection.execute(_OLD_NOT_CREDIBLE, {"cutoff": retention.events})
    own_cases(connection)
    deleted: int = connection.execute(_OLD_CONVERSIONS, {"cutoff": retention.events}).scalar_one()
    if deleted:
        count_stakes(connection)
    return deleted
