"""What a report is called and who wrote it, the same on its page, in its exports and in emails."""

from viral_contract.models.reports import ReportType, WrittenBy

TITLES: dict[ReportType, str] = {
    "weekly": "Weekly growth report",
    "monthly": "Monthly growth report",
    "custom": "Custom growth report",
}
WRITERS: dict[WrittenBy, str] = {
    "rules": "Insights and recommendations were written by rules.",
    "model": "Insights and recommendations were worded by a language model from the findings of rules; "
    "every number in them was found in the facts.",
}
