"""Titles and authors of reports, the same on the page, in exports and in emails."""

from viral_contract.models.reports import ReportType, WrittenBy

TITLES: dict[ReportType, str] = {
    "weekly": "Weekly growth report",
    "monthly": "Monthly growth report",
    "custom": "Custom growth report",
}
WRITERS: dict[WrittenBy, str] = {
    "rules": "Insights and recommendations are rule-based.",
    "model": "Insights and recommendations are rule-based and worded by a language model. "
    "Every number was checked against the data.",
}
