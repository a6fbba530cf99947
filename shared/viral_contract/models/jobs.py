"""Messages between workers and the metrics API under `/internal`."""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from viral_contract.models.reports import FinishedReport, ReportType
from viral_contract.models.values import STORABLE

MOST_ERROR_CHARACTERS = 2000
ErrorText = Annotated[str, Field(min_length=1, max_length=MOST_ERROR_CHARACTERS), STORABLE]


class RunClaimed(BaseModel):
    """A run that this worker holds until its lease ends; `token` proves it."""

    run_id: int
    token: int
    attempt: int
    report_type: ReportType
    period_start: date
    period_end: date
    lease_seconds: float
    ai_insights: bool


class Held(BaseModel):
    """Proof that the caller holds the run."""

    model_config = ConfigDict(extra="forbid")

    token: int


class Progress(Held):
    """Progress of the work."""

    pct: Annotated[int, Field(ge=0, le=100)]
    step: Annotated[str, Field(min_length=1, max_length=100), STORABLE]


class RunResult(Held):
    """Outcome of an attempt: a report or an error, never both."""

    report: FinishedReport | None = None
    error: ErrorText | None = None

    @model_validator(mode="after")
    def check_one_ending(self) -> Self:
        """Refuse a result that is neither a report nor an error, or both."""
        if (self.report is None) == (self.error is None):
            raise ValueError("give either report or error")
        return self


class RunState(BaseModel):
    """State of the run after the call."""

    status: str


class Ticked(BaseModel):
    """The runs created for due slots."""

    run_ids: list[int]
