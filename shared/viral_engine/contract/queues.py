"""What the queues hold, and what stands in them for good."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from viral_engine.queues import QueueName


class QueueState(BaseModel):
    """One queue: waiting, in work, failed for good, and sent or not, nobody knows."""

    name: QueueName
    depth: int
    running: int
    failed: int
    uncertain: int


class DeadLetter(BaseModel):
    """Work that failed for good and waits for a person."""

    id: str
    queue: QueueName
    what: str
    reason: str
    attempts: int
    failed_at: datetime


class QueuesAnswer(BaseModel):
    """Every queue, and the newest 100 dead letters."""

    queues: list[QueueState]
    dead_letters: list[DeadLetter]


class DeadLetterState(BaseModel):
    """What became of a dead letter."""

    id: str
    state: Literal["queued", "discarded"]
