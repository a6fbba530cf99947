"""Settings of queued work and of the reconciler. Rules and forms are those of `viral_runtime.settings.base`."""

import math
from functools import cached_property
from itertools import pairwise

from pydantic import Field, field_validator

from viral_runtime.settings.base import EnvironmentSettings

DELIVERY_RETRIES = 4
"""An email or webhook has one attempt more."""


class QueueSettings(EnvironmentSettings):
    """Timing of runs and deliveries; the defaults are those of docs/performance-reports.md."""

    report_lease_seconds: float = Field(
        60,
        gt=0,
        description="Seconds a report worker holds a run without renewing its lease. "
        "Longer recovers later from a killed worker.",
    )
    backoff_base_seconds: float = Field(
        15,
        ge=0,
        description="Scales the wait after a failed attempt, which is this x (15 + 2^attempt) / 15 seconds and up to "
        "10 % more: 17 and 19 seconds by default. 0 tries at once. Emails and webhooks have DELIVERY_RETRY_MINUTES.",
    )
    delivery_retry_minutes: str = Field(
        "1, 5, 15, 60",
        description="When an email or webhook that failed is tried again: about so many minutes after its first "
        "attempt, each wait up to 10 % longer. Shorter ends before a mail server that greylists or restarts takes it.",
        json_schema_extra={"valid": "4 numbers, separated by commas, none below the one before"},
    )
    repoke_seconds: float = Field(
        30,
        gt=0,
        description="Seconds after which waiting work is put on its queue again, in case Redis lost it. "
        "Shorter recovers sooner and asks the database more.",
    )
    repoke_batch: int = Field(
        500,
        ge=1,
        le=10_000,
        description="Most reports, batches, emails or webhooks put on their queue at once. "
        "Fewer take longer to fill a queue that Redis lost.",
    )
    reconcile_seconds: float = Field(
        10, gt=0, description="Seconds between two rounds of the reconciler. Shorter recovers sooner and asks more."
    )

    @field_validator("delivery_retry_minutes")
    @classmethod
    def check_retry_minutes(cls, minutes: str) -> str:
        """Refuse anything but one rising number for each retry."""
        try:
            waits = _read_waits(minutes)
        except ValueError:
            waits = []
        if len(waits) != DELIVERY_RETRIES or not all(0 <= wait < math.inf for wait in waits):
            raise ValueError(f"DELIVERY_RETRY_MINUTES is {minutes!r}; allowed: {DELIVERY_RETRIES} rising numbers")
        return minutes

    @cached_property
    def delivery_waits_seconds(self) -> list[float]:
        """The wait after each failed attempt but the last, in seconds."""
        return _read_waits(self.delivery_retry_minutes)


def _read_waits(minutes: str) -> list[float]:
    """The seconds between the attempts that begin at these minutes after the first."""
    begins = [60 * float(part) for part in minutes.split(",")]
    return [later - earlier for earlier, later in pairwise([0.0, *begins])]


class ReconcilerSettings(EnvironmentSettings):
    """What the reconciler does by itself."""

    evaluation_seconds: float = Field(
        60,
        ge=1,
        le=3600,
        description="Seconds between two evaluations of the guardrails. "
        "Longer opens and ends alerts later and draws the score's history more coarsely.",
    )
    reconciler_metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port on which the reconciler serves its metrics. 0 serves none, so that nobody sees it stop.",
    )
