"""The only door to the metrics API for the dashboard, the workers and the command line."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from viral_contract.client.access import AccessApi
from viral_contract.client.connection import (
    SESSION_HEADER,
    ApiProblemError,
    ApiSilentError,
    ApiUnreachableError,
    QueryValue,
)
from viral_contract.client.deliveries import DeliveriesApi
from viral_contract.client.notifications import NotificationsApi
from viral_contract.client.privacy import PrivacyApi
from viral_contract.client.recipients import RecipientsApi
from viral_contract.models.alerts import AlertDetail, AlertQuality, AlertsAnswer
from viral_contract.models.batches import Batch, BatchKind
from viral_contract.models.evaluations import Evaluation, HistoryAnswer
from viral_contract.models.flags import FlagsAnswer
from viral_contract.models.growth import (
    CohortsAnswer,
    CycleTimeAnswer,
    FunnelAnswer,
    KFactorAnswer,
    LoopsAnswer,
    ReferrersAnswer,
    TimelineAnswer,
)
from viral_contract.models.guardrails import AnomalyAnswer, BotAnswer, FraudAnswer, HealthAnswer
from viral_contract.models.investigations import (
    DeviceInvestigation,
    EntityKind,
    IpInvestigation,
    ReferrerInvestigation,
)
from viral_contract.models.reports import ExportFormat, Report, ReportRequest, ReportRequested, ReportsAnswer
from viral_contract.models.trusted_networks import TrustedNetwork, TrustedNetworksAnswer
from viral_contract.models.violations import Resolution, Violation, ViolationsAnswer
from viral_contract.models.what_if import WhatIfAnswer
from viral_contract.models.writes import EventsAccepted, ItemsSaved

__all__ = [
    "SESSION_HEADER",
    "ApiProblemError",
    "ApiSilentError",
    "ApiUnreachableError",
    "MetricsApi",
    "QueryValue",
]
_INVESTIGATIONS: dict[EntityKind, str] = {"ip_address": "ips", "device": "devices", "referrer": "referrers"}


class MetricsApi(AccessApi, DeliveriesApi, NotificationsApi, PrivacyApi, RecipientsApi):
    """Calls of the metrics API with one token, if need be on behalf of a signed-in person."""

    def fetch_fraud(self, **query: QueryValue) -> FraudAnswer:
        """Addresses with too many clicks on one day."""
        return self._call("GET", "/v1/guardrails/fraud", FraudAnswer, params=query)

    def fetch_bots(self, **query: QueryValue) -> BotAnswer:
        """Devices that clicked faster than people do."""
        return self._call("GET", "/v1/guardrails/bots", BotAnswer, params=query)

    def fetch_anomalies(self, **query: QueryValue) -> AnomalyAnswer:
        """Referrers whose conversions are hard to believe."""
        return self._call("GET", "/v1/guardrails/conversion-anomalies", AnomalyAnswer, params=query)

    def fetch_violations(self, **query: QueryValue) -> ViolationsAnswer:
        """What violates the children's privacy rule, where, and what became of it."""
        return self._call("GET", "/v1/guardrails/coppa/violations", ViolationsAnswer, params=query)

    def resolve_violation(self, violation_id: int, resolution: Resolution, note: str | None = None) -> Violation:
        """Say what became of a violation. Raises ApiProblemError 404 when it is gone, 409 when it was resolved."""
        body = {"resolution": resolution, "note": note}
        return self._call("POST", f"/v1/guardrails/coppa/violations/{violation_id}/resolve", Violation, json=body)

    def fetch_health(self, **query: QueryValue) -> HealthAnswer:
        """The health score of a period, itemised."""
        return self._call("GET", "/v1/guardrails/health", HealthAnswer, params=query)

    def fetch_what_if(self, **query: QueryValue) -> WhatIfAnswer:
        """What other thresholds would change, and the Helm values that keep them."""
        return self._call("GET", "/v1/guardrails/what-if", WhatIfAnswer, params=query)

    def fetch_ip_investigation(self, ip_address: str, **query: QueryValue) -> IpInvestigation:
        """What an address, or the one behind a reference, did. Raises ApiProblemError 404 when it was never seen."""
        return self._call("GET", _investigation("ip_address", ip_address), IpInvestigation, params=query)

    def fetch_device_investigation(self, device: str, **query: QueryValue) -> DeviceInvestigation:
        """What a device, or the one behind a reference, did. Raises ApiProblemError 404 when it was never seen."""
        return self._call("GET", _investigation("device", device), DeviceInvestigation, params=query)

    def fetch_referrer_investigation(self, referrer_id: str, **query: QueryValue) -> ReferrerInvestigation:
        """What happened in a referrer's name. Raises ApiProblemError 404 when it was never seen."""
        return self._call("GET", _investigation("referrer", referrer_id), ReferrerInvestigation, params=query)

    def export_investigation(self, kind: EntityKind, identifier: str, **query: QueryValue) -> bytes:
        """The events of an investigation as CSV."""
        return self._send("GET", _investigation(kind, identifier), params={**query, "format": "csv"}).content

    def fetch_alerts(self, **query: QueryValue) -> AlertsAnswer:
        """Alerts of one `status`, the most severe first, with the health score of the last 7 dates."""
        return self._call("GET", "/v1/alerts", AlertsAnswer, params=query)

    def fetch_alert(self, alert_id: int) -> AlertDetail:
        """One alert with everything that people did with it."""
        return self._call("GET", f"/v1/alerts/{alert_id}", AlertDetail)

    def fetch_alert_quality(self) -> AlertQuality:
        """How often alerts were right, by type."""
        return self._call("GET", "/v1/alerts/quality", AlertQuality)

    def acknowledge_alert(self, alert_id: int, *, note: str | None = None) -> AlertDetail:
        """Take an alert up. Raises ApiProblemError with status 409 when it has ended."""
        return self._call("POST", f"/v1/alerts/{alert_id}/acknowledge", AlertDetail, json={"note": note})

    def snooze_alert(self, alert_id: int, until: datetime) -> AlertDetail:
        """Put an alert off. Raises ApiProblemError with status 409 when it has ended."""
        return self._call("POST", f"/v1/alerts/{alert_id}/snooze", AlertDetail, json={"until": until.isoformat()})

    def resolve_alert(
        self,
        alert_id: int,
        *,
        note: str | None = None,
        false_positive: bool = False,
        until_period_passed: bool = False,
    ) -> AlertDetail:
        """End an alert: as over, as a false positive, or once its dates have left the evaluated ones.

        Raises ApiProblemError with status 409 when it has ended, 422 when asked for both of the latter.
        """
        body = {"note": note, "false_positive": false_positive, "until_period_passed": until_period_passed}
        return self._call("POST", f"/v1/alerts/{alert_id}/resolve", AlertDetail, json=body)

    def reopen_alert(self, alert_id: int, *, note: str | None = None) -> AlertDetail:
        """Take back a false positive. Raises ApiProblemError 409 where it was none, or another of its type is open."""
        return self._call("POST", f"/v1/alerts/{alert_id}/reopen", AlertDetail, json={"note": note})

    def fetch_history(self, **query: QueryValue) -> HistoryAnswer:
        """The health score over time, by default of the last 30 dates."""
        return self._call("GET", "/v1/guardrails/history", HistoryAnswer, params=query)

    def fetch_flags(self) -> FlagsAnswer:
        """How the feature flags stand, and the file that they come from."""
        return self._call("GET", "/v1/flags", FlagsAnswer)

    def evaluate_now(self) -> Evaluation:
        """Evaluate the guardrails without waiting for the next minute."""
        return self._call("POST", "/v1/guardrails/evaluations", Evaluation)

    def fetch_k_factor(self, **query: QueryValue) -> KFactorAnswer:
        """The K-factor of a period, of the one before, and why it changed."""
        return self._call("GET", "/v1/growth/k-factor", KFactorAnswer, params=query)

    def fetch_loops(self, **query: QueryValue) -> LoopsAnswer:
        """Loops, the highest K first."""
        return self._call("GET", "/v1/growth/loops", LoopsAnswer, params=query)

    def fetch_timeline(self, **query: QueryValue) -> TimelineAnswer:
        """Growth day by day."""
        return self._call("GET", "/v1/growth/timeline", TimelineAnswer, params=query)

    def fetch_referrers(self, **query: QueryValue) -> ReferrersAnswer:
        """Referrers, the most conversions first."""
        return self._call("GET", "/v1/growth/referrers", ReferrersAnswer, params=query)

    def fetch_funnel(self, **query: QueryValue) -> FunnelAnswer:
        """From the first click to activation, of all people or of those who came by one `source`."""
        return self._call("GET", "/v1/growth/funnel", FunnelAnswer, params=query)

    def fetch_cohorts(self, **query: QueryValue) -> CohortsAnswer:
        """Who signed up in each of the last `weeks`, and how many came back."""
        return self._call("GET", "/v1/growth/cohorts", CohortsAnswer, params=query)

    def fetch_cycle_time(self, **query: QueryValue) -> CycleTimeAnswer:
        """How long it takes until an invite has brought the next user."""
        return self._call("GET", "/v1/growth/cycle-time", CycleTimeAnswer, params=query)

    def fetch_trusted_networks(self, **query: QueryValue) -> TrustedNetworksAnswer:
        """Every trusted network, the expired ones too."""
        return self._call("GET", "/v1/trusted-networks", TrustedNetworksAnswer, params=query)

    def save_trusted_network(self, cidr: str, *, reason: str, expires_at: datetime | None = None) -> TrustedNetwork:
        """Trust a network or one address, or change why and until when."""
        body = {"reason": reason, "expires_at": expires_at.isoformat() if expires_at else None}
        return self._call("PUT", f"/v1/trusted-networks/{quote(cidr, safe='')}", TrustedNetwork, json=body)

    def delete_trusted_network(self, cidr: str) -> None:
        """No longer trust a network. Raises ApiProblemError with status 404 when it was not trusted."""
        self._send("DELETE", f"/v1/trusted-networks/{quote(cidr, safe='')}")

    def request_report(self, request: ReportRequest) -> ReportRequested:
        """Ask for a report; the same request within 60 seconds is the same report."""
        return self._call("POST", "/v1/reports", ReportRequested, json=request.model_dump(mode="json"))

    def fetch_reports(self, **query: QueryValue) -> ReportsAnswer:
        """Reports, the newest first."""
        return self._call("GET", "/v1/reports", ReportsAnswer, params=query)

    def fetch_report(self, report_id: int) -> Report:
        """One report, or how far its run has come. Raises ApiProblemError with status 404 when there is none."""
        return self._call("GET", f"/v1/reports/{report_id}", Report)

    def export_report(self, report_id: int, export_format: ExportFormat) -> bytes:
        """A finished report as a file."""
        return self._send("GET", f"/v1/reports/{report_id}/export", params={"format": export_format}).content

    def save_events(self, events: list[dict[str, Any]], *, partial: bool = False) -> EventsAccepted:
        """Store a batch of events, all or, with `partial`, those that are valid."""
        params = {"partial": "true"} if partial else None
        return self._call("POST", "/v1/events", EventsAccepted, json={"events": events}, params=params)

    def save_links(self, items: list[dict[str, Any]]) -> ItemsSaved:
        """Store a batch of links, replacing those that exist."""
        return self._call("POST", "/v1/links", ItemsSaved, json={"items": items})

    def save_parent_shares(self, items: list[dict[str, Any]]) -> ItemsSaved:
        """Store a batch of parent shares, replacing those that exist."""
        return self._call("POST", "/v1/parent-shares", ItemsSaved, json={"items": items})

    def save_progress_reels(self, items: list[dict[str, Any]]) -> ItemsSaved:
        """Store a batch of progress reels, replacing those that exist."""
        return self._call("POST", "/v1/progress-reels", ItemsSaved, json={"items": items})

    def save_study_sessions(self, items: list[dict[str, Any]]) -> ItemsSaved:
        """Store a batch of study sessions, replacing those that exist."""
        return self._call("POST", "/v1/study-sessions", ItemsSaved, json={"items": items})

    def start_batch(self, kind: BatchKind) -> Batch:
        """Begin long work, or find what was begun; a worker of the queue `batch` does it."""
        return self._call("POST", "/v1/batches", Batch, json={"kind": kind})

    def fetch_batch(self, batch_id: int) -> Batch:
        """How far long work has come."""
        return self._call("GET", f"/v1/batches/{batch_id}", Batch)

    def step_batch(self, batch_id: int) -> Batch:
        """Do one bounded step of long work."""
        return self._call("POST", f"/internal/batches/{batch_id}/step", Batch)


def _investigation(kind: EntityKind, identifier: str) -> str:
    """The path of an investigation; ids may hold any character."""
    return f"/v1/investigations/{_INVESTIGATIONS[kind]}/{quote(identifier, safe='')}"
