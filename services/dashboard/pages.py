"""The pages, in the order of the navigation. To add one, write its module and put its PAGE here."""

from dashboard.admin import audit, flags, notifications, operations, people, privacy, subscriptions, trusted_networks
from dashboard.alerts import history as alert_history
from dashboard.alerts import page as alert
from dashboard.growth import page as growth
from dashboard.guardrails import page as guardrails
from dashboard.guardrails import violations_page as violations
from dashboard.guardrails import what_if_page as what_if
from dashboard.investigations import page as investigation
from dashboard.page import Page
from dashboard.period_lists import FLAGGED, REFERRERS
from dashboard.reports import list_page as reports
from dashboard.reports import message as report_message
from dashboard.reports import page as report

PAGES: tuple[Page, ...] = (
    guardrails.PAGE,
    *FLAGGED,
    alert.PAGE,
    alert_history.PAGE,
    investigation.PAGE,
    what_if.PAGE,
    violations.PAGE,
    trusted_networks.PAGE,
    growth.PAGE,
    REFERRERS,
    reports.PAGE,
    report.PAGE,
    report_message.PAGE,
    privacy.PAGE,
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
