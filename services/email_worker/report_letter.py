"""A report as a letter: its figures, insights and recommendations, with the chart of K."""

from email_worker.chart_image import describe_k_image, draw_k_image
from email_worker.letter import Letter, load_templates
from viral_contract.models.reports import Report
from viral_reports.page import build_page
from viral_reports.written import facts_of

_CHART = "k-factor"
_TRENDS = {"up": "▲ up", "down": "▼ down", "stable": "● stable"}


def write_report_letter(report: Report, *, report_url: str | None, unsubscribe_url: str | None) -> Letter:
    """The letter that mails a report. Raises NotWrittenError while the report is not ready."""
    page, days = build_page(report), facts_of(report).timeline
    image = draw_k_image(days)
    values = {
        "page": page,
        "trends": _TRENDS,
        "chart": {"name": _CHART, "alt": describe_k_image(days)} if image else None,
        "report_url": report_url,
        "unsubscribe_url": unsubscribe_url,
    }
    return Letter(
        subject=f"{page.title}, {page.period}",
        html=load_templates().get_template("report.html").render(values),
        text=load_templates().get_template("report.txt").render(values),
        images={_CHART: image} if image else {},
    )
