"""The client of the metrics API for the dashboard, the workers and the command line."""

from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from viral_contract.client.access import AccessApi
from viral_contract.client.calendar import CalendarApi
from viral_contract.client.cases import CasesApi
from viral_contract.client.connection import (
    SESSION_HEADER,
    ApiProblemError,
    ApiSilentError,
    ApiUnreachableError,
    QueryValue,
)
from viral_contract.client.deliveries import DeliveriesApi, NotificationsApi, RecipientsApi
from viral_contract.client.privacy import PrivacyApi
from viral_contract.models.alerts import AlertDetail, AlertQuality, AlertsAnswer
from viral_contract.models.batches import Batch, BatchKind
from viral_contract.models.cohort_k import CohortKAnswer
from viral_contract.models.credibility import CredibilityAnswer
from viral_contract.models.drafts import CurveAnswer, DraftAnswer, DraftCreated, DraftRequest, DraftsAnswer
from viral_contract.models.entity_lists import ListEntriesAnswer, ListEntry, ListKind, ListName
from viral_contract.models.evaluations import Evaluation, HistoryAnswer
from viral_contract.models.flagged import FlaggedAnswer, FlaggedDaysAnswer
from viral_contract.models.flags import FlagsAnswer
from viral_contract.models.growth import (
    CohortsAnswer,
    CycleTimeAnswer,
    FiltersAnswer,
    FunnelAnswer,
    KFactorAnswer,
    LoopsAnswer,
    ReferrersAnswer,
    TimelineAnswer,
)
from viral_contract.models.guardrails import (
    AnomalyAnswer,
    BotAnswer,
    ComparedHealthAnswer,
    EventPiiAnswer,
    FraudAnswer,
)
from viral_contract.models.investigations import (
    DeviceInvestigation,
    EntityKind,
    IpInvestigation,
    ReferrerInvestigation,
    TrafficEventsAnswer,
)
from viral_contract.models.period import Period
from viral_contract.models.quality import QualityAnswer
from viral_contract.models.referrer_evidence import ReferrerEvidenceAnswer
from viral_contract.models.reports import ExportFormat, Report, ReportRequest, ReportRequested, ReportsAnswer
from viral_contract.models.search import SearchAnswer
from viral_contract.models.series import SeriesAnswer
from viral_contract.models.setup import SetupAnswer
from viral_contract.models.spread import SpreadAnswer
from viral_contract.models.traffic import TrafficAnswer
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


class MetricsApi(AccessApi, CalendarApi, CasesApi, DeliveriesApi, NotificationsApi, PrivacyApi, RecipientsApi):
    """Calls to the metrics API with one token, optionally on behalf of a signed-in person."""

    def fetch_fraud(self, **query: QueryValue) -> FraudAnswer:
        """IP addresses with too many clicks in one day."""
        return self._call("GET", "/v1/guardrails/fraud", FraudAnswer, params=query)

    def fetch_flagged(self, **query: QueryValue) -> FlaggedAnswer:
        """Networks with too many clicks in one day, one row a network or a referrer, as `group_by` says."""
        return self._call("GET", "/v1/guardrails/fraud", FlaggedAnswer, params=query)

    def search(self, q: str) -> SearchAnswer:
        """What has this id or a part of it, up to 5 of each kind."""
        return self._call("GET", "/v1/search", SearchAnswer, params={"q": q})

    def fetch_flagged_days(self, **query: QueryValue) -> FlaggedDaysAnswer:
        """How many networks are flagged on each date, and their share of its clicks."""
        return self._call("GET", "/v1/guardrails/flagged-days", FlaggedDaysAnswer, params=query)

    def fetch_bots(self, **query: QueryValue) -> BotAnswer:
        """Devices that clicked faster than a person can."""
        return self._call("GET", "/v1/guardrails/bots", BotAnswer, params=query)

    def fetch_anomalies(self, **query: QueryValue) -> AnomalyAnswer:
        """Referrers with unusual conversion activity."""
        return self._call("GET", "/v1/guardrails/conversion-anomalies", AnomalyAnswer, params=query)

    def fetch_event_pii(self, **query: QueryValue) -> EventPiiAnswer:
        """Personal information that was found in events, by loop, field and type."""
        return self._call("GET", "/v1/guardrails/event-pii", EventPiiAnswer, params=query)

    def fetch_referrer_evidence(self, **query: QueryValue) -> ReferrerEvidenceAnswer:
        """Referrers with evidence of fraud in the 8 weeks that end with the period."""
        return self._call("GET", "/v1/guardrails/referrers", ReferrerEvidenceAnswer, params=query)

    def fetch_violations(self, **query: QueryValue) -> ViolationsAnswer:
        """Violations of the children's privacy rule, with their places and resolutions."""
        return self._call("GET", "/v1/guardrails/coppa/violations", ViolationsAnswer, params=query)

    def resolve_violation(self, violation_id: int, resolution: Resolution, note: str | None = None) -> Violation:
        """Resolve a violation. Raises ApiProblemError 404 if it is gone, 409 if it is already resolved."""
        body = {"resolution": resolution, "note": note}
        return self._call("POST", f"/v1/guardrails/coppa/violations/{violation_id}/resolve", Violation, json=body)

    def fetch_traffic(self, **query: QueryValue) -> TrafficAnswer:
        """Clicks and visits by traffic class, with the reasons."""
        return self._call("GET", "/v1/guardrails/traffic", TrafficAnswer, params=query)

    def fetch_traffic_events(self, **query: QueryValue) -> TrafficEventsAnswer:
        """The clicks and visits that got their traffic class for one reason, newest first."""
        return self._call("GET", "/v1/guardrails/traffic/events", TrafficEventsAnswer, params=query)

    def fetch_health(self, **query: QueryValue) -> ComparedHealthAnswer:
        """The health score of a period, itemized."""
        return self._call("GET", "/v1/guardrails/health", ComparedHealthAnswer, params=query)

    def fetch_what_if(self, **query: QueryValue) -> WhatIfAnswer:
        """What other thresholds would change, and the Helm values that keep them."""
        return self._call("GET", "/v1/guardrails/what-if", WhatIfAnswer, params=query)

    def fetch_drafts(self, **query: QueryValue) -> DraftsAnswer:
        """A page of drafts of thresholds, newest first."""
        return self._call("GET", "/v1/drafts", DraftsAnswer, params=query)

    def fetch_draft(self, draft_id: int, **query: QueryValue) -> DraftAnswer:
        """What a draft would change, so many `rows` of each kind. Raises ApiProblemError 404 if it is gone."""
        return self._call("GET", f"/v1/drafts/{draft_id}", DraftAnswer, params=query)

    def fetch_curve(self, **query: QueryValue) -> CurveAnswer:
        """How many are flagged at each value of one setting."""
        return self._call("GET", "/v1/drafts/curve", CurveAnswer, params=query)

    def fetch_quality(self) -> QualityAnswer:
        """Precision of each rule, and what the rules find of planted fraud."""
        return self._call("GET", "/v1/guardrails/quality", QualityAnswer)

    def create_draft(self, draft: DraftRequest) -> int:
        """Create a draft; returns its id. Raises ApiProblemError 422 if a setting or the period is not possible."""
        return self._call("POST", "/v1/drafts", DraftCreated, json=draft.model_dump(mode="json")).id

    def change_draft(self, draft_id: int, draft: DraftRequest) -> None:
        """Change a draft. Raises ApiProblemError 404 if it is gone, 409 if too many run as shadows."""
        self._send("PUT", f"/v1/drafts/{draft_id}", json=draft.model_dump(mode="json"))

    def promote_draft(self, draft_id: int) -> None:
        """Mark a draft as promoted. Raises ApiProblemError 404 if it is gone."""
        self._send("POST", f"/v1/drafts/{draft_id}/promote")

    def discard_draft(self, draft_id: int) -> None:
        """Discard a draft. Raises ApiProblemError 404 if it is gone."""
        self._send("DELETE", f"/v1/drafts/{draft_id}")

    def fetch_ip_investigation(self, ip_address: str, **query: QueryValue) -> IpInvestigation:
        """Activity of an IP address or its reference. Raises ApiProblemError 404 if it was never seen."""
        return self._call("GET", _investigation("ip_address", ip_address), IpInvestigation, params=query)

    def fetch_device_investigation(self, device: str, **query: QueryValue) -> DeviceInvestigation:
        """Activity of a device or its reference. Raises ApiProblemError 404 if it was never seen."""
        return self._call("GET", _investigation("device", device), DeviceInvestigation, params=query)

    def fetch_referrer_investigation(self, referrer_id: str, **query: QueryValue) -> ReferrerInvestigation:
        """Activity for a referrer. Raises ApiProblemError 404 if it was never seen."""
        return self._call("GET", _investigation("referrer", referrer_id), ReferrerInvestigation, params=query)

    def export_investigation(self, kind: EntityKind, identifier: str, **query: QueryValue) -> bytes:
        """The events of an investigation as CSV."""
        return self._send("GET", _investigation(kind, identifier), params={**query, "format": "csv"}).content

    def fetch_alerts(self, **query: QueryValue) -> AlertsAnswer:
        """Alerts of one `status`, most severe first, with the health score of the last 7 days."""
        return self._call("GET", "/v1/alerts", AlertsAnswer, params=query)

    def fetch_alert(self, alert_id: int) -> AlertDetail:
        """One alert with all actions on it."""
        return self._call("GET", f"/v1/alerts/{alert_id}", AlertDetail)

    def fetch_alert_quality(self) -> AlertQuality:
        """Opened alerts and false positives, by type."""
        return self._call("GET", "/v1/alerts/quality", AlertQuality)

    def acknowledge_alert(self, alert_id: int, *, note: str | None = None) -> AlertDetail:
        """Acknowledge an alert. Raises ApiProblemError with status 409 if it is closed."""
        return self._call("POST", f"/v1/alerts/{alert_id}/acknowledge", AlertDetail, json={"note": note})

    def snooze_alert(self, alert_id: int, until: datetime) -> AlertDetail:
        """Snooze an alert. Raises ApiProblemError with status 409 if it is closed."""
        return self._call("POST", f"/v1/alerts/{alert_id}/snooze", AlertDetail, json={"until": until.isoformat()})

    def resolve_alert(
        self,
        alert_id: int,
        *,
        note: str | None = None,
        false_positive: bool = False,
        until_period_passed: bool = False,
    ) -> AlertDetail:
        """Close an alert: as resolved, as a false positive, or when its dates leave the evaluated period.

        Raises ApiProblemError with status 409 if it is closed, 422 if both of the latter are set.
        """
        body = {"note": note, "false_positive": false_positive, "until_period_passed": until_period_passed}
        return self._call("POST", f"/v1/alerts/{alert_id}/resolve", AlertDetail, json=body)

    def reopen_alert(self, alert_id: int, *, note: str | None = None) -> AlertDetail:
        """Undo a false positive. Raises ApiProblemError 409 if it was none, or another of its type is open."""
        return self._call("POST", f"/v1/alerts/{alert_id}/reopen", AlertDetail, json={"note": note})

    def fetch_history(self, **query: QueryValue) -> HistoryAnswer:
        """The health score over time, by default the last 30 days."""
        return self._call("GET", "/v1/guardrails/history", HistoryAnswer, params=query)

    def fetch_setup(self) -> SetupAnswer:
        """Which steps of the first run are done."""
        return self._call("GET", "/v1/setup", SetupAnswer)

    def fetch_flags(self) -> FlagsAnswer:
        """The state of the feature flags, and their file."""
        return self._call("GET", "/v1/flags", FlagsAnswer)

    def evaluate_now(self) -> Evaluation:
        """Evaluate the guardrails without waiting for the next minute."""
        return self._call("POST", "/v1/guardrails/evaluations", Evaluation)

    def fetch_k_factor(self, **query: QueryValue) -> KFactorAnswer:
        """The K-factor of a period and the previous one, and why it changed."""
        return self._call("GET", "/v1/growth/k-factor", KFactorAnswer, params=query)

    def fetch_loops(self, **query: QueryValue) -> LoopsAnswer:
        """Loops, highest K first."""
        return self._call("GET", "/v1/growth/loops", LoopsAnswer, params=query)

    def fetch_timeline(self, **query: QueryValue) -> TimelineAnswer:
        """Growth day by day."""
        return self._call("GET", "/v1/growth/timeline", TimelineAnswer, params=query)

    def fetch_series(self, **query: QueryValue) -> SeriesAnswer:
        """A `metric` day by day, and what was expected of each day."""
        return self._call("GET", "/v1/growth/series", SeriesAnswer, params=query)

    def fetch_referrers(self, **query: QueryValue) -> ReferrersAnswer:
        """Referrers, most conversions first."""
        return self._call("GET", "/v1/growth/referrers", ReferrersAnswer, params=query)

    def fetch_funnel(self, **query: QueryValue) -> FunnelAnswer:
        """From the first click to activation, for all people or one `source`."""
        return self._call("GET", "/v1/growth/funnel", FunnelAnswer, params=query)

    def fetch_cohorts(self, **query: QueryValue) -> CohortsAnswer:
        """Signups and retention for each of the last `weeks`."""
        return self._call("GET", "/v1/growth/cohorts", CohortsAnswer, params=query)

    def fetch_cohort_k(self, **query: QueryValue) -> CohortKAnswer:
        """How many new users the users of each signup week bring."""
        return self._call("GET", "/v1/growth/cohort-k", CohortKAnswer, params=query)

    def fetch_spread(self, **query: QueryValue) -> SpreadAnswer:
        """How conversions are spread over those who invite."""
        return self._call("GET", "/v1/growth/spread", SpreadAnswer, params=query)

    def fetch_cycle_time(self, **query: QueryValue) -> CycleTimeAnswer:
        """Time from a user's signup to the signups they referred."""
        return self._call("GET", "/v1/growth/cycle-time", CycleTimeAnswer, params=query)

    def fetch_filters(self, **query: QueryValue) -> FiltersAnswer:
        """What growth can be filtered by."""
        return self._call("GET", "/v1/growth/filters", FiltersAnswer, params=query)

    def fetch_term(self) -> Period:
        """The current school term."""
        return self._call("GET", "/v1/growth/term", Period)

    def fetch_trusted_networks(self, **query: QueryValue) -> TrustedNetworksAnswer:
        """Every trusted network, including expired ones."""
        return self._call("GET", "/v1/trusted-networks", TrustedNetworksAnswer, params=query)

    def save_trusted_network(self, cidr: str, *, reason: str, expires_at: datetime | None = None) -> TrustedNetwork:
        """Trust a network or an address, or change the reason and expiry."""
        body = {"reason": reason, "expires_at": expires_at.isoformat() if expires_at else None}
        return self._call("PUT", f"/v1/trusted-networks/{quote(cidr, safe='')}", TrustedNetwork, json=body)

    def delete_trusted_network(self, cidr: str) -> None:
        """Stop trusting a network. Raises ApiProblemError with status 404 if it is not trusted."""
        self._send("DELETE", f"/v1/trusted-networks/{quote(cidr, safe='')}")

    def fetch_credibility(self, event_id: UUID | str) -> CredibilityAnswer:
        """Whether a conversion deserves its reward. Raises ApiProblemError 404 if unknown, 422 for another event."""
        return self._call("GET", f"/v1/conversions/{event_id}/credibility", CredibilityAnswer)

    def fetch_lists(self, **query: QueryValue) -> ListEntriesAnswer:
        """What is allowed, denied or watched, including expired entries; of one `list` or `kind`, with `q` in it."""
        return self._call("GET", "/v1/lists", ListEntriesAnswer, params=query)

    def fetch_list_entry(self, name: ListName, kind: ListKind, value: str) -> ListEntry:
        """The entry of a value or its ref. Raises ApiProblemError with status 404 if it is not on the list."""
        return self._call("GET", _list_entry(name, kind, value), ListEntry)

    def save_list_entry(
        self, name: ListName, kind: ListKind, value: str, *, reason: str, expires_at: datetime | None = None
    ) -> ListEntry:
        """Put a value or what its ref stands for on a list, or change the reason and expiry."""
        body = {"reason": reason, "expires_at": expires_at.isoformat() if expires_at else None}
        return self._call("PUT", _list_entry(name, kind, value), ListEntry, json=body)

    def delete_list_entry(self, name: ListName, kind: ListKind, value: str) -> None:
        """Take an entry off its list. Raises ApiProblemError with status 404 if it is not on it."""
        self._send("DELETE", _list_entry(name, kind, value))

    def request_report(self, request: ReportRequest) -> ReportRequested:
        """Request a report; the same request within 60 seconds returns the same report."""
        return self._call("POST", "/v1/reports", ReportRequested, json=request.model_dump(mode="json"))

    def fetch_reports(self, **query: QueryValue) -> ReportsAnswer:
        """Reports, newest first."""
        return self._call("GET", "/v1/reports", ReportsAnswer, params=query)

    def fetch_report(self, report_id: int) -> Report:
        """One report, or its progress. Raises ApiProblemError with status 404 if there is none."""
        return self._call("GET", f"/v1/reports/{report_id}", Report)

    def export_report(self, report_id: int, export_format: ExportFormat) -> bytes:
        """A finished report as a file."""
        return self._send("GET", f"/v1/reports/{report_id}/export", params={"format": export_format}).content

    def save_events(self, events: list[dict[str, Any]], *, partial: bool = False) -> EventsAccepted:
        """Store a batch of events: all, or with `partial` the valid ones."""
        params = {"partial": "true"} if partial else None
        return self._call("POST", "/v1/events", EventsAccepted, json={"events": events}, params=params)

    def save_links(self, items: list[dict[str, Any]]) -> ItemsSaved:
        """Store a batch of links, replacing existing ones."""
        return self._call("POST", "/v1/links", ItemsSaved, json={"items": items})

    def save_parent_shares(self, items: list[dict[str, Any]]) -> ItemsSaved:
        """Store a batch of parent shares, replacing existing ones."""
        return self._call("POST", "/v1/parent-shares", ItemsSaved, json={"items": items})

    def save_progress_reels(self, items: list[dict[str, Any]]) -> ItemsSaved:
        """Store a batch of progress reels, replacing existing ones."""
        return self._call("POST", "/v1/progress-reels", ItemsSaved, json={"items": items})

    def save_study_sessions(self, items: list[dict[str, Any]]) -> ItemsSaved:
        """Store a batch of study sessions, replacing existing ones."""
        return self._call("POST", "/v1/study-sessions", ItemsSaved, json={"items": items})

    def start_batch(self, kind: BatchKind) -> Batch:
        """Start a background job, or return the one already started; a worker of the queue `batch` runs it."""
        return self._call("POST", "/v1/batches", Batch, json={"kind": kind})

    def fetch_batch(self, batch_id: int) -> Batch:
        """Progress of a background job."""
        return self._call("GET", f"/v1/batches/{batch_id}", Batch)

    def step_batch(self, batch_id: int) -> Batch:
        """Run one bounded step of a background job."""
        return self._call("POST", f"/internal/batches/{batch_id}/step", Batch)


def _list_entry(name: ListName, kind: ListKind, value: str) -> str:
    """The path of a list entry; values may contain any character."""
    return f"/v1/lists/{name}/{kind}/{quote(value, safe='')}"


def _investigation(kind: EntityKind, identifier: str) -> str:
    """The path of an investigation; ids may contain any character."""
    return f"/v1/investigations/{_INVESTIGATIONS[kind]}/{quote(identifier, safe='')}"
