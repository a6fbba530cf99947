"""Background jobs over stored data in bounded steps: rebuilding the facts, rescanning content, classifying events."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

BatchKind = Literal["rebuild_facts", "rescan_content", "finish_scans", "rebuild_days", "classify_events"]
StartableKind = Literal["rebuild_facts", "rescan_content"]
BatchStatus = Literal["queued", "running", "done", "failed"]


class BatchRequest(BaseModel):
    """The job to start."""

    model_config = ConfigDict(extra="forbid")

    kind: StartableKind


class Batch(BaseModel):
    """Progress of a background job; every step survives an interruption."""

    id: int
    kind: BatchKind
    status: BatchStatus
    done_steps: int
    total_steps: int
    last_error: str | None = Field(None, description="Error of the next step's last attempt")
