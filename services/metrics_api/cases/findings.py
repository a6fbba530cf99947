"""What the rules find: one finding for each rule and entity, of networks, devices and referrers alike."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from viral_contract.models.cases import CaseKind
from viral_contract.models.referrer_evidence import RuleEvidence

CASE_DAYS = 56
"""The dates that rules look at, which end with today."""


@dataclass(frozen=True)
class Finding:
    """What one rule says about one entity.

    `clicks` are the entity's, whichever rule counts them; `conversions` are those that the rule puts at stake.
    """

    kind: CaseKind
    entity: str
    rule: RuleEvidence
    clicks: int
    conversions: frozenset[UUID]
    first_seen: datetime
    last_seen: datetime
    source: str | None = None
