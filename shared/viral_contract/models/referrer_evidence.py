"""Evidence about referrers: which rules find something, with the statistic and what was expected."""

from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from viral_contract.models.guardrails import Answer

ReferrerRule = Literal[
    "self_referral",
    "mutual",
    "cycle",
    "duplicate",
    "farm",
    "ring",
    "too_fast",
    "flood",
    "clicks_without_conversions",
    "too_good",
]
Strength = Literal["flags", "looks"]
"""A rule that flags leaves conversions out of clean figures by itself; one that looks only asks for a decision."""


EvidenceSort = Literal["flagged_conversions", "referrer", "rules", "conversions", "clicks"]


class RuleEvidence(BaseModel):
    """What one rule found: the statistic beside what was expected."""

    rule: str
    strength: Strength
    statistic: float | None = Field(None, description="What the rule measured; null for a rule without a number")
    expected: float | None = Field(None, description="What it would be for the others, or the limit")
    p: float | None = Field(None, description="One-sided p value, before correction; null for a rule without a test")
    n: int = Field(description="How many pairs, clicks, conversions or people were looked at")
    evidence: dict[str, JsonValue] = Field(default_factory=dict, description="Named counts and ids behind it")


class ReferrerWithEvidence(BaseModel):
    """A referrer about whom a rule found something; clicks and conversions are those of the period."""

    referrer_id: str
    rules: list[RuleEvidence] = Field(description="Those that flag first")
    clicks: int
    conversions: int
    flagged_conversions: int = Field(description="Those that rules which flag leave out of clean figures")


class StrengthCounts(BaseModel):
    """Referrers with a rule that flags, and those whose rules only look."""

    flags: int
    looks: int


class ReferrerEvidenceAnswer(Answer):
    """Referrers with evidence in the 8 weeks that end with the period, most flagged conversions first."""

    referrers: list[ReferrerWithEvidence]
    total_flagged: int = Field(description="Referrers with a rule that flags")
    total: int = Field(0, description="Referrers that match the filters")
    counts: StrengthCounts = Field(
        default_factory=lambda: StrengthCounts(flags=0, looks=0), description="Among those that match q and rule"
    )
    next_cursor: str | None
