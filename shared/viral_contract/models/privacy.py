"""Retention, and what parents may ask for about their child."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from viral_contract.models.values import OptionalNote, PastTime, RequiredId

SubjectKind = Literal["user", "session", "device", "ip_address"]
RequestKind = Literal["export", "erase"]
RequestStatus = Literal["open", "done"]


class RetentionRule(BaseModel):
    """How long one class of data is kept, and why."""

    data: str
    purpose: str
    kept_days: int | None = Field(description="Null where it stays")
    setting: str | None = Field(description="The setting that decides it")


class RetentionPolicy(BaseModel):
    """The written retention policy (16 CFR 312.10), made from the settings that are in force."""

    effective_on: date
    rules: list[RetentionRule]
    paragraphs: list[str]


class PurgeRecord(BaseModel):
    """One nightly purge: until when it deleted, and how many rows of what."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    events_from: date
    content_from: date
    audit_from: date
    deleted: dict[str, int]


class PurgesAnswer(BaseModel):
    """The newest 30 purges."""

    purges: list[PurgeRecord]


class PrivacyRequestDraft(BaseModel):
    """What a parent asks for; `note` says who asked and how it was checked that they may."""

    model_config = ConfigDict(extra="forbid")

    kind: RequestKind
    subject_kind: SubjectKind = "user"
    subject_id: RequiredId
    received_at: PastTime | None = Field(None, description="When it came in; default: now")
    note: OptionalNote = None


class Trace(BaseModel):
    """A device, session or address that the subject's events used, and what is left under it after an erasure."""

    kind: SubjectKind
    id: str
    events: int = Field(description="How many events are still stored under it")
    others: int = Field(description="How many other people's events are among them; 0 where it is the subject's alone")


class ErasureScope(BaseModel):
    """What an erasure takes along of what is the subject's alone: no other user has used it."""

    model_config = ConfigDict(extra="forbid")

    with_devices: StrictBool = Field(False, description="Devices, and what was done on them before a sign-up")
    with_sessions: StrictBool = Field(False, description="Sessions, likewise")


class PrivacyRequest(BaseModel):
    """A parent's request; once it is done it no longer names the subject, an export a week later."""

    id: int
    kind: RequestKind
    subject_kind: SubjectKind
    subject_id: str | None
    status: RequestStatus
    overdue: bool
    note: str | None
    created_by: str
    received_at: datetime
    due_at: datetime
    done_at: datetime | None
    done_by: str | None
    result: dict[str, int] | None = Field(description="How many rows of what were exported or erased")
    traces: list[Trace] = Field(
        default=[], description="What the erased subject used and what was left there, for a week after the erasure"
    )


class PrivacyRequestsAnswer(BaseModel):
    """Requests, the newest first."""

    requests: list[PrivacyRequest]
    total_requests: int
    next_cursor: str | None


class SubjectData(BaseModel):
    """Everything that is stored about one subject, by table."""

    subject_kind: SubjectKind
    subject_id: Annotated[str, Field(max_length=128)]
    exported_at: datetime
    data: dict[str, list[dict[str, Any]]]
