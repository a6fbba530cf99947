"""Long work over stored data, done in bounded steps: rebuilding the facts, scanning content again."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

BatchKind = Literal["rebuild_facts", "rescan_content", "finish_scans", "rebuild_days"]
StartableKind = Literal["rebuild_facts", "rescan_content"]
BatchStatus = Literal["queued", "running", "done", "failed"]


class BatchRequest(BaseModel):
    """Which work to begin."""

    model_config = ConfigDict(extra="forbid")

    kind: StartableKind


class Batch(BaseModel):
    """How far some long work has come; every step survives an interruption."""

    id: int
    kind: BatchKind
    status: BatchStatus
    done_steps: int
    total_steps: int
    last_error: str | None = Field(None, description="Why the next step failed when it was tried last")
