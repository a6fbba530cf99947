"""What the queues hold, and what stands in them for good."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field

from viral_contract.models.batches import Batch


class QueueName(StrEnum):
    """Every queue; each is served by worker processes of its own."""

    DEFAULT = "default"
    WEBHOOKS = "webhooks"
    BATCH = "batch"
    PERFORMANCE_REPORTS = "performance_reports"
    EMAIL_DELIVERY = "email_delivery"


class QueueState(BaseModel):
    """One queue: waiting, in work, failed for good, sent or not, nobody knows, and refused."""

    name: QueueName
    depth: int
    running: int
    failed: int
    uncertain: int
    refused: int = Field(description="Jobs of the last week that were not run: no id for the queue's own function")
    oldest_waiting_seconds: float | None = Field(
        None, description="For how long what is due longest has waited; null when nothing waits"
    )


class DeadLetter(BaseModel):
    """Work that failed for good, or of which nobody knows whether it was sent; it waits for a person."""

    id: str
    state: Literal["failed", "uncertain"] = "failed"
    queue: QueueName
    what: str
    reason: str
    attempts: int
    failed_at: datetime


class QueuesAnswer(BaseModel):
    """Every queue, a page of the dead letters, the newest first, and the long work under way, the oldest first."""

    queues: list[QueueState]
    dead_letters: list[DeadLetter]
    next_cursor: str | None = None
    batches: list[Batch]


class DeadLetterState(BaseModel):
    """What became of a dead letter."""

    id: str
    state: Literal["queued", "discarded", "sent"]
