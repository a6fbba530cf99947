"""The pages, in the order of the navigation. To add one, write its module and put its PAGE here."""

from dashboard.admin import audit, entity_lists, flags, notifications, operations, people, privacy, subscriptions
from dashboard.alerts import history as alert_history
from dashboard.alerts import page as alert
from dashboard.calendar import page as calendar
from dashboard.cases import case_page as case
from dashboard.cases import queue_page as cases
from dashboard.drafts import list_page as drafts
from dashboard.drafts import page as draft
from dashboard.drafts import quality_page as quality
from dashboard.growth import page as growth
from dashboard.growth import referrers_page as referrers
from dashboard.guardrails import anomalies, event_pii, evidence, flagged_devices, flagged_networks, fraud_referrers
from dashboard.guardrails import page as guardrails
from dashboard.guardrails import violations_page as violations
from dashboard.guardrails import what_if_page as what_if
from dashboard.investigations import events_page as investigated_events
from dashboard.investigations import page as investigation
from dashboard.lists import table_page
from dashboard.lists.period_list import PeriodList, build_page
from dashboard.page import Page
from dashboard.reports import list_page as reports
from dashboard.reports import message as report_message
from dashboard.reports import page as report
from dashboard.traffic import events_page as traffic_events
from dashboard.traffic import page as traffic
from dashboard.traffic import reasons_page as traffic_reasons
from viral_contract.client.metrics_api import MetricsApi

# Lists of the rows of a card, some at a time.
_FLAGGED = (
    table_page.build_page(flagged_networks.LISTED),
    table_page.build_page(flagged_devices.LISTED),
    table_page.build_page(fraud_referrers.LISTED),
    table_page.build_page(evidence.LISTED),
    build_page(
        PeriodList(
            anomalies.PATH, "flagged-referrers", "Flagged referrers", MetricsApi.fetch_anomalies, anomalies.build_rows
        )
    ),
    build_page(
        PeriodList(
            event_pii.PATH,
            "event-pii",
            "Personal information in events",
            MetricsApi.fetch_event_pii,
            event_pii.build_rows,
        )
    ),
)
PAGES: tuple[Page, ...] = (
    guardrails.PAGE,
    *_FLAGGED,
    alert.PAGE,
    alert_history.PAGE,
    investigation.PAGE,
    investigated_events.PAGE,
    what_if.PAGE,
    violations.PAGE,
    cases.PAGE,
    case.PAGE,
    growth.PAGE,
    referrers.PAGE,
    reports.PAGE,
    report.PAGE,
    report_message.PAGE,
    privacy.PAGE,
    traffic.PAGE,
    entity_lists.PAGE,
    calendar.PAGE,
    traffic_reasons.PAGE,
    traffic_events.PAGE,
    drafts.PAGE,
    draft.PAGE,
    quality.PAGE,
    notifications.PAGE,
    subscriptions.PAGE,
    operations.PAGE,
    flags.PAGE,
    people.PAGE,
    audit.PAGE,
)


def find_page(path: str | None) -> Page | None:
    """The page at this path, with or without a slash at its end."""
    wanted = (path or "").rstrip("/")
    return next((page for page in PAGES if page.stands_at(wanted)), None)
