"""The calls by which a worker claims a run, holds it and hands its report in."""

from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.jobs import Held, Progress, RunClaimed, RunResult, RunState, Ticked
from viral_contract.models.reports import FinishedReport, ReportFacts


class RunsApi(MetricsApi):
    """The metrics API as workers use it; a run that is not or no longer held is ApiProblemError `not_held`."""

    def claim_run(self, run_id: int) -> RunClaimed:
        """Take a waiting run for the length of a lease."""
        return self._call("POST", f"/internal/report-runs/{run_id}/claim", RunClaimed)

    def renew_run(self, claim: RunClaimed) -> None:
        """Hold the run for another lease."""
        self._send_proof(claim, "renew", Held(token=claim.token))

    def save_progress(self, claim: RunClaimed, pct: int, step: str) -> None:
        """Show how far the work has come."""
        self._send_proof(claim, "progress", Progress(token=claim.token, pct=pct, step=step))

    def fetch_facts(self, claim: RunClaimed) -> ReportFacts:
        """Everything that the report says, of one moment."""
        body = Held(token=claim.token).model_dump()
        return self._call("POST", f"/internal/report-runs/{claim.run_id}/snapshot", ReportFacts, json=body)

    def finish_run(self, claim: RunClaimed, report: FinishedReport) -> RunState:
        """Hand the finished report in."""
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
