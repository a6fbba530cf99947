"""The content of emails: a report, or updates about alerts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import resvg_py
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

import viral_reports
from email_worker.alert_summary import describe, head_of, list_shown
from viral_contract.models.deliveries import AlertEvent, Notification
from viral_contract.models.reports import DayInReport, Report
from viral_reports.dates import format_day_of_year
from viral_reports.figures import format_k, format_moment
from viral_reports.k_chart import WIDTH
from viral_reports.page import build_page
from viral_reports.written import facts_of

_ENCODED_WORD = "=?"
_TEMPLATES = Path(__file__).parent / "templates"
_CHART = "k-factor"
_TRENDS = {"up": "▲ up", "down": "▼ down"}
_COLORS = {"critical": "#B42318", "high": "#B54708", "medium": "#6941C6"}


@dataclass(frozen=True)
class Letter:
    """A subject, the same content as HTML and as text, and the images that the HTML shows as `cid:NAME`."""

    subject: str
    html: str
    text: str
    images: dict[str, bytes] = field(default_factory=dict)


_FONT = Path(viral_reports.__file__).parent / "fonts" / "Inter-Regular.ttf"
_PIXELS_PER_POINT = 2
# Mail clients on phones shrink the picture to about half its width.
_STYLE = "text { font-size: 12px }"


def clean_subject(text: str) -> str:
    """The text as one line of printable characters, so that it cannot end the header.

    Encoded words (RFC 2047) are broken up too: Python would decode them, with line ends that they may hide.
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line.replace(_ENCODED_WORD, "= ?")


@cache
def load_templates() -> Environment:
    """The templates, compiled once per process; values in HTML are escaped."""
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_report_letter(report: Report, *, report_url: str | None, unsubscribe_url: str | None) -> Letter:
    """A report's email: figures, insights, recommendations, K chart. Raises NotWrittenError while it is not ready."""
    page, days = build_page(report), facts_of(report).timeline
    image = draw_k_image(page.k_chart)
    values = {
        "page": page,
        "trends": _TRENDS,
        "chart": {"name": _CHART, "alt": describe_k_image(days)} if image else None,
        "report_url": report_url,
        "unsubscribe_url": unsubscribe_url,
    }
    return Letter(
        subject=f"{'Restated: ' if page.old_and_new else ''}{page.title}, {page.period}",
        html=load_templates().get_template("report.html").render(values),
        text=load_templates().get_template("report.txt").render(values),
        images={_CHART: image} if image else {},
    )


def write_alert_letter(notification: Notification, *, unsubscribe_url: str | None) -> Letter:
    """An update about one alert, or a digest of several."""
    shown, more = list_shown(notification)
    values = {
        "head": head_of(notification),
        "rule": notification.rule,
        "items": [_format_item(event) for event in shown],
        "more": more,
        "unsubscribe_url": unsubscribe_url,
    }
    return Letter(
        subject=head_of(notification),
        html=load_templates().get_template("alerts.html").render(values),
        text=load_templates().get_template("alerts.txt").render(values),
    )


def _format_item(event: AlertEvent) -> dict[str, str]:
    return {
        "kind": describe(event),
        "message": event.message,
        "at": format_moment(event.at),
        "url": event.url,
        "color": _COLORS[event.severity] if event.event != "ended" else "#067647",
    }


def draw_k_image(svg: str) -> bytes | None:
    """A page's chart as a PNG, since mail clients show no SVG; None if there is nothing to draw."""
    if not svg:
        return None
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        width=WIDTH * _PIXELS_PER_POINT,
        background="#FFFFFF",
        style_sheet=_STYLE,
        font_files=[str(_FONT)],
        skip_system_fonts=True,
    )


def describe_k_image(days: Sequence[DayInReport]) -> str:
    """The chart in words, as its alternative text."""
    first, last, best = days[0], days[-1], max(days, key=lambda day: day.k_factor)
    return (
        f"Daily K-factor: {_describe(first)}, {_describe(last)}, "
        f"peak {format_k(best.k_factor)} on {format_day_of_year(best.date)}."
    )


def _describe(day: DayInReport) -> str:
    return f"{format_k(day.k_factor)} on {format_day_of_year(day.date)}"
