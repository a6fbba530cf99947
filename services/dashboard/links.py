"""Paths of pages that other pages lead to."""

import re
from urllib.parse import urlencode

from viral_contract.models.investigations import EntityKind
from viral_contract.models.traffic import TrafficClass

INVESTIGATION_PATH = "/dashboard/investigations"
INVESTIGATED_EVENTS_PATH = f"{INVESTIGATION_PATH}/events"
ALERT_PATH = "/dashboard/guardrails/alert"
CALENDAR_PATH = "/dashboard/calendar"
ALERTS_PATH = "/dashboard/alerts"
REPORTS_PATH = "/dashboard/reports"
SUBSCRIPTIONS_PATH = "/dashboard/subscriptions"
OPERATIONS_PATH = "/dashboard/operations"
WHAT_IF_PATH = "/dashboard/guardrails/what-if"
VIOLATIONS_PATH = "/dashboard/guardrails/violations"
FLAGS_PATH = "/dashboard/flags"
PRIVACY_PATH = "/dashboard/privacy"
PEOPLE_PATH = "/dashboard/people"
AUDIT_PATH = "/dashboard/audit"
NOTIFICATIONS_PATH = "/dashboard/notifications"
TRAFFIC_PATH = "/dashboard/traffic"
TRAFFIC_EVENTS_PATH = "/dashboard/traffic/events"
TRAFFIC_REASONS_PATH = "/dashboard/traffic/reasons"
RULES_PATH = "/dashboard/rules"
QUALITY_PATH = f"{RULES_PATH}/quality"
LISTS_PATH = "/dashboard/lists"
TRUSTED_NETWORKS_PATH = f"{LISTS_PATH}?list=allow&kind=network"
CALENDAR_PATH = "/dashboard/calendar"
CASES_PATH = "/dashboard/cases"
EVIDENCE_PATH = "/dashboard/guardrails/referrers"


def investigation_path(kind: EntityKind, identifier: str, search: str) -> str:
    """The page that looks into an address, a device or a referrer over the period of `search`."""
    separator = "&" if search else "?"
    return f"{INVESTIGATION_PATH}{search}{separator}{urlencode({'kind': kind, 'id': identifier})}"


def events_path(kind: EntityKind, identifier: str, search: str) -> str:
    """The list of all events of an address, a device or a referrer over the period of `search`."""
    return investigation_path(kind, identifier, search).replace(INVESTIGATION_PATH, INVESTIGATED_EVENTS_PATH, 1)


def user_path(shown: str, search: str = "") -> str:
    """The page that looks into what a user referred; "" for one whose id this viewer sees masked."""
    return "" if shown.endswith(("*", "…")) else investigation_path("referrer", shown, search)


def link_path(link_id: str) -> str:
    """The cases that name a link."""
    return f"{CASES_PATH}?{urlencode({'q': link_id})}"


def alert_path(alert_id: int) -> str:
    """The page of one alert."""
    return f"{ALERT_PATH}?id={alert_id}"


def alerts_path(**filters: str) -> str:
    """The history of alerts, filtered as the API filters them."""
    return f"{ALERTS_PATH}?{urlencode(filters)}" if filters else ALERTS_PATH


def traffic_events_path(reason: str, traffic_class: TrafficClass, search: str) -> str:
    """The page of the events that got their class for a reason, over the period of `search`."""
    return f"{TRAFFIC_EVENTS_PATH}{search}&{urlencode({'reason': reason, 'traffic_class': traffic_class})}"


def trust_path(cidr: str) -> str:
    """The page of lists, with this network filled in to be allowed."""
    return f"{LISTS_PATH}?{urlencode({'add': 'allow', 'add_kind': 'network', 'value': cidr})}"


def calendar_entry_path(entry_id: str) -> str:
    """The school calendar, with this entry in its form."""
    return f"{CALENDAR_PATH}?{urlencode({'edit': entry_id})}"


def case_path(case_id: int) -> str:
    """The page of one case."""
    return f"{CASES_PATH}/{case_id}"


def find_case_id(path: str | None) -> int | None:
    """Which case's page stands at this path; None where there is none."""
    found = re.fullmatch(rf"{CASES_PATH}/([0-9]{{1,18}})/?", path or "")
    return int(found[1]) if found else None


def draft_path(draft_id: int) -> str:
    """The page of one draft."""
    return f"{RULES_PATH}/drafts/{draft_id}"


def find_draft_id(path: str | None) -> int | None:
    """Which draft's page stands at this path; None where there is none."""
    found = re.fullmatch(rf"{RULES_PATH}/drafts/([0-9]{{1,18}})/?", path or "")
    return int(found[1]) if found else None


def report_path(report_id: int) -> str:
    """The page of one performance report."""
    return f"{REPORTS_PATH}/{report_id}"


def find_report_id(path: str | None) -> int | None:
    """Which report's page stands at this path; None where there is none."""
    found = re.fullmatch(rf"{REPORTS_PATH}/([0-9]{{1,18}})/?", path or "")
    return int(found[1]) if found else None


def message_path(report_id: int, delivery_id: int) -> str:
    """The page of one message by which a report was mailed."""
    return f"{report_path(report_id)}/messages/{delivery_id}"


def find_message_ids(path: str | None) -> tuple[int, int] | None:
    """Which report's message stands at this path, as the report's id and the delivery's; None where there is none."""
    found = re.fullmatch(rf"{REPORTS_PATH}/([0-9]{{1,18}})/messages/([0-9]{{1,18}})/?", path or "")
    return (int(found[1]), int(found[2])) if found else None
