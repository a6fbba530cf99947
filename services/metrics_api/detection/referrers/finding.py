"""What a rule found about a referrer, and the window that rules look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from pydantic import JsonValue

from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.listed_events import build_is_within
from metrics_api.detection.networks import build_candidates, flagging_values
from metrics_api.detection.query import Query
from viral_contract.models.period import Period
from viral_contract.models.referrer_evidence import ReferrerRule, RuleEvidence, Strength

DAYS = 56
STRENGTHS: Mapping[ReferrerRule, Strength] = {
    "self_referral": "flags",
    "mutual": "flags",
    "cycle": "flags",
    "duplicate": "flags",
    "farm": "flags",
    "ring": "flags",
    "too_fast": "flags",
    "flood": "flags",
    "clicks_without_conversions": "looks",
    "too_good": "looks",
}
IN_WINDOW = "day BETWEEN :start AND :end"
SHARED = f"""shared AS MATERIALIZED (
    SELECT DISTINCT ip_address AS network FROM ({build_candidates()}) AS fact WHERE looks_shared
)"""
"""The first common table expression of a statement that asks for IS_SHARED.

A network that is shared on one date of the window is shared on all.
"""
IS_SHARED = f"""coalesce(
    network IN (SELECT network FROM shared) OR {build_is_within("network", ":trusted")}, false
)"""
"""Of a row of `referrals`: whether its network is that of a family, a school or an office."""
SHOWN_IDS = 10
"""How many ids of one kind a finding names."""


@dataclass(frozen=True)
class Finding:
    """What one rule found about one referrer, and the conversions that it accuses.

    `n` is None where the rule looked at all of the referrer's signups and conversions. `evidence` has counts by name,
    and whole ids under `user_ids`, `device_ids` and `link_ids`.
    """

    referrer_id: str
    rule: ReferrerRule
    statistic: float
    expected: float
    p: float | None = None
    n: int | None = None
    evidence: dict[str, JsonValue] = field(default_factory=dict)
    conversions: frozenset[UUID] = frozenset()

    @property
    def strength(self) -> Strength:
        """Whether it leaves conversions out of clean figures by itself."""
        return STRENGTHS[self.rule]

    def format(self) -> RuleEvidence:
        """The finding as the contract has it, with whole ids."""
        return RuleEvidence(
            rule=self.rule,
            strength=self.strength,
            statistic=self.statistic,
            expected=self.expected,
            p=self.p,
            n=self.n or 0,
            evidence=self.evidence,
        )


Window = Mapping[str, object]
"""What IN_WINDOW, SHARED and IS_SHARED ask for: the dates, and what decides which networks are shared."""


def build_window(query: Query, lists: Lists) -> Window:
    """The 8 weeks that end with the period."""
    period = Period.between(query.period.end - timedelta(days=DAYS - 1), query.period.end)
    return {"start": period.start, "end": period.end, **flagging_values(replace(query, period=period), lists)}
