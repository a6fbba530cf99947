"""Violations: what in a share or reel breaks the children's privacy rule, where, and what became of it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from viral_contract.models.content import Actor, ScannedKind
from viral_contract.models.guardrails import Answer
from viral_contract.models.pii import PiiType
from viral_contract.models.values import OptionalNote

Resolution = Literal["removed", "false_positive"]
ViolationType = Literal[PiiType, "sensitive_key", "media_without_consent", "not_scanned"]
"""`not_scanned`: the item takes longer to scan than is allowed while it is written; it is scanned again later."""


class Violation(BaseModel):
    """One finding in one item; the value itself is never shown, only a masked sample of it."""

    id: int
    content_kind: ScannedKind
    content_id: str
    type: ViolationType
    path: str = Field(description="RFC 6901 pointer into the data; of media, into {media: [...]}")
    masked: str
    rule: str
    actor: Actor
    scanner_version: int = Field(description="The scanner that found it first")
    inserted_at: datetime = Field(description="When the item was created")
    found_at: datetime
    resolution: Resolution | None
    note: str | None
    resolved_by: str | None
    resolved_at: datetime | None
    seconds_to_removal: float | None = Field(description="From found to removed; null unless removed")


class ViolationFilter(BaseModel):
    """Which violations are listed; what is absent lets all through."""

    model_config = ConfigDict(extra="forbid")

    resolution: Literal["open", "removed", "false_positive"] | None = None
    content_kind: ScannedKind | None = None
    type: ViolationType | None = None
    actor: Actor | None = None


class ViolationTotals(BaseModel):
    """All violations of the period, counted one way and another."""

    open: int
    removed: int
    false_positive: int
    by_child: int
    by_parent: int
    by_type: dict[ViolationType, int]
    median_seconds_to_removal: float | None = Field(description="Null where nothing was removed")


class ViolationsAnswer(Answer):
    """Violations in items created in the period: the open ones first, of those the newest items first.

    `total_violations` counts what the filters let through, `totals` the whole period.
    """

    violations: list[Violation]
    total_violations: int
    totals: ViolationTotals
    next_cursor: str | None


class ViolationResolution(BaseModel):
    """What became of a violation; calling it a false positive needs a reason."""

    model_config = ConfigDict(extra="forbid")

    resolution: Resolution
    note: OptionalNote = Field(None, validate_default=True)

    @field_validator("note")
    @classmethod
    def check_reason(cls, note: str | None, info: ValidationInfo) -> str | None:
        """Refuse a false positive without a reason."""
        if note is None and info.data.get("resolution") == "false_positive":
            raise ValueError("must say why it is a false positive")
        return note
