"""Violations of the children's privacy rule in shares and reels, with their places and resolutions."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from viral_contract.models.content import Actor, ScannedKind
from viral_contract.models.flagged import SearchText
from viral_contract.models.guardrails import Answer
from viral_contract.models.pii import PiiType
from viral_contract.models.values import OptionalNote

Resolution = Literal["removed", "false_positive"]
ViolationSort = Literal["status", "found", "type"]
ViolationType = Literal[PiiType, "sensitive_key", "media_without_consent", "not_scanned"]
"""`not_scanned`: the scan timed out when the item was written; it is scanned again later."""


class Violation(BaseModel):
    """One finding in one item; only a masked sample is shown, never the value."""

    id: int
    content_kind: ScannedKind
    content_id: str
    type: ViolationType
    path: str = Field(description="RFC 6901 pointer into the data; for media, into {media: [...]}")
    masked: str
    rule: str
    actor: Actor
    scanner_version: int = Field(description="Scanner version that first found it")
    inserted_at: datetime = Field(description="When the item was created")
    found_at: datetime
    resolution: Resolution | None
    note: str | None
    resolved_by: str | None
    resolved_at: datetime | None
    seconds_to_removal: float | None = Field(description="From finding to removal; null unless removed")


class ViolationFilter(BaseModel):
    """Filter of violations; absent conditions match all."""

    model_config = ConfigDict(extra="forbid")

    resolution: Literal["open", "removed", "false_positive"] | None = None
    content_kind: ScannedKind | None = None
    type: ViolationType | None = None
    actor: Actor | None = None
    q: SearchText | None = Field(None, description="Part of the item's id, the path, the rule, the note or a name")


class ViolationTotals(BaseModel):
    """Counts of all violations of the period."""

    open: int
    removed: int
    false_positive: int
    by_child: int
    by_parent: int
    by_type: dict[ViolationType, int]
    median_seconds_to_removal: float | None = Field(description="Null if nothing was removed")


class ViolationsAnswer(Answer):
    """Violations in items created in the period: open ones first, then newest items first, unless sorted otherwise.

    `total_violations` counts the filtered violations, `totals` the whole period.
    """

    violations: list[Violation]
    total_violations: int
    totals: ViolationTotals
    next_cursor: str | None


class ViolationResolution(BaseModel):
    """Resolution of a violation; a false positive needs a reason."""

    model_config = ConfigDict(extra="forbid")

    resolution: Resolution
    note: OptionalNote = Field(None, validate_default=True)

    @field_validator("note")
    @classmethod
    def check_reason(cls, note: str | None, info: ValidationInfo) -> str | None:
        """Refuse a false positive without a reason."""
        if note is None and info.data.get("resolution") == "false_positive":
            raise ValueError("must explain why it is a false positive")
        return note
