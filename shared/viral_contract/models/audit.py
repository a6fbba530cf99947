"""The audit log: who did what, to what, when and from where."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from viral_contract.models.flagged import SearchText
from viral_contract.models.values import CONTROL_FREE, IsoDate, check_text

_Words = Annotated[str, StringConstraints(min_length=1, max_length=256), BeforeValidator(check_text), CONTROL_FREE]


class AuditFilter(BaseModel):
    """Filter of entries; all given conditions must match."""

    actor: _Words | None = Field(None, description="A person's email or a token's name")
    action: _Words | None = None
    q: SearchText | None = Field(None, description="Part of the actor, the action or the subject")
    subject: _Words | None = Field(None, description="Prefix of the subject, such as `alert:` or `alert:7`")
    start: IsoDate | None = Field(None, description="First UTC date")
    end: IsoDate | None = Field(None, description="Last UTC date, included")

    @field_validator("end")
    @classmethod
    def check_order(cls, end: date | None, info: ValidationInfo) -> date | None:
        """Refuse an end before the start."""
        start = info.data.get("start")
        if end and start and end < start:
            raise ValueError("must not be before start")
        return end


class AuditEntry(BaseModel):
    """One action, with the state `before` and `after` it."""

    id: int
    at: datetime
    actor: str = Field(description="The actor's email or name, not necessarily unique")
    actor_key: str | None = Field(
        description="Key of the actor: `person:7`, `token:3`, `visitor` (not signed in) or `system`; null in old ones"
    )
    action: str
    subject: str
    address: str | None = Field(description="IP address of the request; null for actions of the service itself")
    details: dict[str, Any] | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Looks(BaseModel):
    """Routes whose whole identifiers the caller is shown out of an answer that someone else was given."""

    model_config = ConfigDict(extra="forbid")

    routes: Annotated[list[_Words], Field(min_length=1, max_length=100)] = Field(
        description="As the header X-Identifiers-Shown names them"
    )


class LooksNoted(BaseModel):
    """The looks are in the audit log."""

    seconds: int = Field(description="For how long they need not be noted again")


class AuditAnswer(BaseModel):
    """Entries, newest first unless the order is asc."""

    entries: list[AuditEntry]
    total_entries: int
    next_cursor: str | None
