"""What people have decided about networks, devices and referrers, and how often a rule was right."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, text

from metrics_api.drafts.flagged import Key
from metrics_api.growth.intervals import wilson_interval
from viral_contract.models.cases import CaseVerdict
from viral_contract.models.quality import RuleQuality

Verdicts = Mapping[Key, CaseVerdict]
_VERDICTS = text("""
    SELECT DISTINCT ON (kind, entity) kind, entity, verdict
    FROM cases JOIN unnest(CAST(:kinds AS text[]), CAST(:entities AS text[])) AS asked (kind, entity)
        USING (kind, entity)
    WHERE verdict IS NOT NULL ORDER BY kind, entity, decided_at DESC, id DESC
""")
_BY_RULE = text("""
    SELECT rule, count(*) FILTER (WHERE verdict = 'fraud') AS fraud,
        count(*) FILTER (WHERE verdict = 'legitimate') AS legitimate
    FROM cases CROSS JOIN LATERAL unnest(rules) AS rule
    GROUP BY rule ORDER BY rule
""")


def fetch_verdicts(connection: Connection, keys: Collection[Key]) -> Verdicts:
    """The newest verdict about each of these that has one."""
    kinds, entities = [kind for kind, _ in keys], [entity for _, entity in keys]
    rows = connection.execute(_VERDICTS, {"kinds": kinds, "entities": entities})
    return {(row.kind, row.entity): row.verdict for row in rows}


def fetch_precision(connection: Connection) -> list[RuleQuality]:
    """Of the decided cases of each rule, the share judged fraud; rules that have had a case."""
    return [_rate_rule(row.rule, row.fraud, row.legitimate) for row in connection.execute(_BY_RULE)]


def _rate_rule(rule: str, fraud: int, legitimate: int) -> RuleQuality:
    decided = fraud + legitimate
    return RuleQuality(
        rule=rule,
        decided=decided,
        fraud=fraud,
        precision=fraud / decided if decided else None,
        interval=wilson_interval(fraud, decided),
    )
