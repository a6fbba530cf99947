"""Data retention, and parents' requests about their child."""

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
    kept_days: int | None = Field(description="Null if it is kept")
    setting: str | None = Field(description="The setting for it")


class RetentionPolicy(BaseModel):
    """The written retention policy (16 CFR 312.10), generated from the settings in effect."""

    effective_on: date
    rules: list[RetentionRule]
    paragraphs: list[str]


class PurgeRecord(BaseModel):
    """One nightly purge: its cutoff dates and the rows deleted of each kind."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    events_from: date
    content_from: date
    audit_from: date
    deleted: dict[str, int]


class PurgesAnswer(BaseModel):
    """The latest 30 purges."""

    purges: list[PurgeRecord]


class PrivacyRequestDraft(BaseModel):
    """A parent's request; `note` says who asked and how they were verified."""

    model_config = ConfigDict(extra="forbid")

    kind: RequestKind
    subject_kind: SubjectKind = "user"
    subject_id: RequiredId
    received_at: PastTime | None = Field(None, description="When it came in; default: now")
    note: OptionalNote = None


class Trace(BaseModel):
    """A device, session or IP address of the subject's events, and what remains for it after an erasure."""

    kind: SubjectKind
    id: str
    events: int = Field(description="Events still stored for it")
    others: int = Field(description="Other people with events among them; 0 if only the subject used it")


class ErasureScope(BaseModel):
    """What else an erasure includes, if no other user has used it."""

    model_config = ConfigDict(extra="forbid")

    with_devices: StrictBool = Field(False, description="Devices, and activity on them before a sign-up")
    with_sessions: StrictBool = Field(False, description="Sessions, likewise")


class PrivacyRequest(BaseModel):
    """A parent's request; once done it no longer names the subject, an export a week later."""

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
    result: dict[str, int] | None = Field(description="Rows exported or erased, by kind")
    traces: list[Trace] = Field(
        default=[], description="What the erased subject used and what remains there, for a week after the erasure"
    )


class PrivacyRequestsAnswer(BaseModel):
    """Requests, newest first."""

    requests: list[PrivacyRequest]
    total_requests: int
    next_cursor: str | None


class SubjectData(BaseModel):
    """All stored data about one subject, by table."""

    subject_kind: SubjectKind
    subject_id: Annotated[str, Field(max_length=128)]
    exported_at: datetime
    data: dict[str, list[dict[str, Any]]]
