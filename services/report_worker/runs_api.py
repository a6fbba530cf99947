"""The calls by which a worker claims a run, renews its lease and submits the report."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.jobs import Held, Progress, RunClaimed, RunResult, RunState, Ticked
from viral_contract.models.reports import FinishedReport, ReportFacts
from viral_runtime.work.lease import Answer, Lease, LeaseLostError


class RunsApi(MetricsApi):
    """The metrics API for workers; raises ApiProblemError `not_held` for a run that the worker does not hold."""

    def claim_run(self, run_id: int) -> RunClaimed:
        """Claim a due run for the length of a lease."""
        return self._call("POST", f"/internal/report-runs/{run_id}/claim", RunClaimed)

    def renew_run(self, claim: RunClaimed) -> None:
        """Renew the lease of the run."""
        self._send_proof(claim, "renew", Held(token=claim.token))

    def save_progress(self, claim: RunClaimed, pct: int, step: str) -> None:
        """Update the progress of the run."""
        self._send_proof(claim, "progress", Progress(token=claim.token, pct=pct, step=step))

    def fetch_facts(self, claim: RunClaimed) -> ReportFacts:
        """The report's facts, in one snapshot."""
        body = Held(token=claim.token).model_dump()
        return self._call("POST", f"/internal/report-runs/{claim.run_id}/snapshot", ReportFacts, json=body)

    def finish_run(self, claim: RunClaimed, report: FinishedReport) -> RunState:
        """Submit the finished report."""
        return self._send_proof(claim, "result", RunResult(token=claim.token, report=report))

    def fail_attempt(self, claim: RunClaimed, error: str) -> RunState:
        """End the attempt with an error."""
        return self._send_proof(claim, "result", RunResult(token=claim.token, error=error))

    def tick_schedules(self) -> Ticked:
        """Record a run for every due slot."""
        return self._call("POST", "/internal/schedules/tick", Ticked)

    def _send_proof(self, claim: RunClaimed, what: str, body: Held) -> RunState:
        path = f"/internal/report-runs/{claim.run_id}/{what}"
        return self._call("POST", path, RunState, json=body.model_dump(mode="json"))


_RENEWALS_A_LEASE = 3


class RenewedLease(Lease):
    """A lease that a thread renews while the block runs, as long as the API can be reached once per lease."""

    def __init__(self, renew: Callable[[], None], seconds: float) -> None:
        """`renew` extends the lease by `seconds` from when it is called."""
        super().__init__(seconds)
        self._renew = renew
        self._seconds = seconds
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.end()

    def call(self, send: Callable[[], Answer]) -> Answer:
        """The answer of a call; raises LeaseLostError also if the run was lost before."""
        self.check()
        return super().call(send)

    def _keep(self) -> None:
        while not self._over.wait(self._seconds / _RENEWALS_A_LEASE):
            asked_at = time.monotonic()
            try:
                self.call(self._renew)
            except (LeaseLostError, ApiProblemError):
                self.end()
            else:
                self.extend(self._seconds, since=asked_at)
