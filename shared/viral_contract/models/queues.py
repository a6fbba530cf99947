"""The queues' work and dead letters."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field

from viral_contract.models.batches import Batch


class QueueName(StrEnum):
    """Every queue; each has its own worker processes."""

    DEFAULT = "default"
    WEBHOOKS = "webhooks"
    BATCH = "batch"
    PERFORMANCE_REPORTS = "performance_reports"
    EMAIL_DELIVERY = "email_delivery"


class QueueState(BaseModel):
    """One queue: waiting, running, failed, uncertain and refused work."""

    name: QueueName
    depth: int
    running: int
    failed: int
    uncertain: int
    refused: int = Field(description="Jobs refused in the last week: not one id for the queue's own function")
    oldest_waiting_seconds: float | None = Field(
        None, description="How long the oldest due work has waited; null if nothing waits"
    )


class DeadLetter(BaseModel):
    """Work that failed permanently or is uncertain, and needs a person's decision."""

    id: str
    state: Literal["failed", "uncertain"] = "failed"
    queue: QueueName
    what: str
    reason: str
    attempts: int
    failed_at: datetime


class QueuesAnswer(BaseModel):
    """Every queue, a page of dead letters, newest first, and the background jobs, oldest first."""

    queues: list[QueueState]
    dead_letters: list[DeadLetter]
    next_cursor: str | None = None
    batches: list[Batch]


class DeadLetterState(BaseModel):
    """State of a dead letter."""

    id: str
    state: Literal["queued", "discarded", "sent"]
