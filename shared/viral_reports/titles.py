"""What a report is called and who wrote it, the same on its page, in its exports and in emails."""

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
