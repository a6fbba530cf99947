"""Reports as text on a terminal."""

import re
from collections.abc import Sequence

from viral_contract.client.metrics_api import ApiProblemError
from viral_contract.models.deliveries import DeliveriesAnswer
from viral_contract.models.period import Period
from viral_contract.models.reports import Report, ReportFacts, ReportsAnswer, ReportSummary
from viral_reports.blocks import format_compliance, format_fraud_flags, format_k_of, format_score
from viral_reports.figures import (
    format_change,
    format_count,
    format_k,
    format_period,
    format_points,
    format_rate,
)

_POINTER = re.compile(r"/recipient_emails/(\d+)")


def format_list(answer: ReportsAnswer) -> str:
    """One line per report, under a heading."""
    rows = [("ID", "TYPE", "PERIOD", "STATUS", "K", "HEALTH"), *(_list_cells(report) for report in answer.reports)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if len(answer.reports) < answer.total_reports:
        lines.append(f"({answer.total_reports:,} total)")
    return "\n".join(lines)


def format_report(report: Report) -> str:
    """The report's content, or its progress."""
    if report.facts is None:
        return f"{_format_title(report)}\n{report.status}: {report.last_error or report.progress_step}"
    insights = [f"  - {insight.text}" for insight in report.insights]
    advice = [f"  {number}. {text}" for number, text in enumerate(report.recommendations, start=1)]
    figures = [f"  {name:<18}{value}" for name, value in _list_figures(report.facts)]
    return "\n".join([_format_title(report), *figures, "Insights", *insights, "Recommendations", *advice])


def format_deliveries(answer: DeliveriesAnswer) -> str:
    """One line per recipient, with a note while email is off."""
    lines = [f"{delivery.recipient_email}: {delivery.status}" for delivery in answer.deliveries]
    if not answer.email_enabled:
        lines.append("Email queued for future delivery (placeholder): email delivery is turned off, nothing is sent.")
    return "\n".join(lines)


def list_bad_addresses(error: ApiProblemError, addresses: Sequence[str]) -> list[str]:
    """One line for each address that the API refused."""
    found = [(_POINTER.fullmatch(item["pointer"]), item["detail"]) for item in error.errors]
    return [f"{addresses[int(pointer[1])]}: {detail}" for pointer, detail in found if pointer]


def _format_title(report: ReportSummary) -> str:
    return f"Report {report.id}: {report.report_type}, {_format_period(report)}"


def _format_period(report: ReportSummary) -> str:
    return format_period(Period.between(report.period_start, report.period_end))


def _list_cells(report: ReportSummary) -> tuple[str, ...]:
    k_factor = "" if report.k_factor is None else format_k(report.k_factor)
    health = report.health_missing or "" if report.health_score is None else format_points(report.health_score)
    return str(report.id), report.report_type, _format_period(report), report.status, k_factor, health


def _list_figures(facts: ReportFacts) -> list[tuple[str, str]]:
    now, (k_change, rate_change) = facts.current, _list_changes(facts)
    return [
        ("K-factor", f"{format_k_of(facts)} ({k_change})"),
        ("Conversions", format_count(now.total_conversions)),
        ("Conversion rate", f"{format_rate(now.conversion_rate)} ({rate_change})"),
        ("Active users", format_count(now.active_users)),
        ("Invites", f"{format_count(now.viral_links_created)}, {format_count(now.viral_links_clicked)} clicked"),
        ("Health score", format_score(facts) + (f" ({facts.health_status})" if facts.health_status else "")),
        ("COPPA compliance", format_compliance(facts)),
        ("Fraud flags", format_fraud_flags(facts)),
    ]


def _list_changes(facts: ReportFacts) -> tuple[str, str]:
    """The changes behind K and the conversion rate."""
    if not facts.is_over:
        return "period in progress", "so far"
    return f"{facts.k_factor_trend}, {format_change(facts.k_factor_change_pct)}", facts.conversion_trend
