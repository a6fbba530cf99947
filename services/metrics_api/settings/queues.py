"""Settings of queued work and the reconciler."""

import math
from functools import cached_property
from itertools import pairwise

from pydantic import Field, field_validator

from viral_runtime.settings.base import EnvironmentSettings

DELIVERY_RETRIES = 4
"""Retries of an email or webhook after its first attempt."""


class QueueSettings(EnvironmentSettings):
    """Timing of report runs and deliveries."""

    report_lease_seconds: float = Field(
        60,
        gt=0,
        description="Seconds a report worker holds a run without renewing its lease. Longer delays recovery from "
        "a killed worker.",
    )
    backoff_base_seconds: float = Field(
        15,
        ge=0,
        description="Scales the wait after a failed attempt, which is this x (15 + 2^attempt) / 15 seconds plus "
        "up to 10%: 17 and 19 seconds by default. 0 retries at once. Emails and webhooks use "
        "DELIVERY_RETRY_MINUTES.",
    )
    delivery_retry_minutes: str = Field(
        "1, 5, 15, 60",
        description="When a failed email or webhook is retried: about this many minutes after the first attempt, "
        "each wait up to 10% longer. Shorter may give up before a mail server that greylists or "
        "restarts accepts the message.",
        json_schema_extra={"valid": "4 numbers, separated by commas, none below the one before"},
    )
    repoke_seconds: float = Field(
        30,
        gt=0,
        description="Seconds after which waiting work is enqueued again, in case Redis lost it. Shorter recovers "
        "sooner but queries the database more often.",
    )
    repoke_batch: int = Field(
        500,
        ge=1,
        le=10_000,
        description="Maximum reports, batches, emails or webhooks enqueued at once. Fewer take longer to refill a "
        "queue that Redis lost.",
    )
    reconcile_seconds: float = Field(
        10,
        gt=0,
        description="Seconds between two rounds of the reconciler. Shorter recovers sooner but queries the "
        "database more often.",
    )

    @field_validator("delivery_retry_minutes")
    @classmethod
    def check_retry_minutes(cls, minutes: str) -> str:
        """Refuse anything but one number per retry, none below the one before."""
        try:
            waits = _read_waits(minutes)
        except ValueError:
            waits = []
        if len(waits) != DELIVERY_RETRIES or not all(0 <= wait < math.inf for wait in waits):
            raise ValueError(f"DELIVERY_RETRY_MINUTES is {minutes!r}; allowed: {DELIVERY_RETRIES} rising numbers")
        return minutes

    @cached_property
    def delivery_waits_seconds(self) -> list[float]:
        """The wait in seconds after each failed attempt except the last."""
        return _read_waits(self.delivery_retry_minutes)


def _read_waits(minutes: str) -> list[float]:
    """The seconds between attempts that begin at these minutes after the first."""
    begins = [60 * float(part) for part in minutes.split(",")]
    return [later - earlier for earlier, later in pairwise([0.0, *begins])]


class ReconcilerSettings(EnvironmentSettings):
    """Reconciler."""

    evaluation_seconds: float = Field(
        60,
        ge=1,
        le=3600,
        description="Seconds between two evaluations of the guardrails. Longer opens and closes alerts later and "
        "makes the score history coarser.",
    )
    restate_after_seconds: float = Field(
        600,
        ge=0,
        description="Seconds without another verdict on a report's period after which the report is restated. Shorter "
        "mails a restatement before a series of verdicts, or an undo, is over.",
    )
    reconciler_metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port of the reconciler's metrics. 0 serves none, so nobody notices if it stops.",
    )
