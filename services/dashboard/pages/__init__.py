"""The pages, in the order of the navigation. To add one, write its module and put its PAGE here."""

from dashboard.pages import (
    alert,
    alert_history,
    audit,
    flagged,
    flags,
    growth,
    guardrails,
    investigation,
    notifications,
    operations,
    people,
    privacy,
    referrers,
    report,
    report_message,
    reports,
    subscriptions,
    trusted_networks,
    violations,
    what_if,
)
from dashboard.pages.page import Page

PAGES: tuple[Page, ...] = (
    guardrails.PAGE,
    flagged.FLAGGED_IPS,
    flagged.FLAGGED_DEVICES,
    flagged.FLAGGED_REFERRERS,
    alert.PAGE,
    alert_history.PAGE,
    investigation.PAGE,
    what_if.PAGE,
    violations.PAGE,
    trusted_networks.PAGE,
    growth.PAGE,
    referrers.PAGE,
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
