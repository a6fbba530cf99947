"""The timeline of a case: its days, and what happened to it, newest first."""

from datetime import date

from dash import html
from dash.development.base_component import Component

from dashboard.cases.words import RULES
from dashboard.formats import format_minute
from viral_contract.models.cases import CaseBucket, CaseTimeline, TimelineEntry
from viral_reports.dates import format_day_of_year
from viral_reports.figures import format_counted

_WARNING = ("opened", "rule", "reopened")
_FOUND = {"opened": "Opened by", "rule": "Also found by", "reopened": "Found again by"}
_MOST_DAYS = 56


def build_timeline(timeline: CaseTimeline) -> list[Component]:
    """Clicks and conversions by day, and the entries."""
    days = timeline.days[-_MOST_DAYS:]
    entries = html.Ul([_build_entry(entry) for entry in timeline.entries], className="timeline")
    return [*(_build_days(days) if days else []), entries]


def _build_days(days: list[CaseBucket]) -> list[Component]:
    clicks, conversions = sum(day.clicks for day in days), sum(day.conversions for day in days)
    first, last = (format_day_of_year(date.fromisoformat(day.date)) for day in (days[0], days[-1]))
    said = f"{format_counted(clicks, 'click')} and {format_counted(conversions, 'conversion')}, {first} to {last}"
    most = max(max(day.clicks, day.conversions) for day in days) or 1
    legend = html.P(
        [
            html.Span([html.Span(className="key key-clicks"), f"Clicks, {clicks:,}"]),
            html.Span([html.Span(className="key key-conversions"), f"Conversions, {conversions:,}"]),
        ],
        className="case-legend",
    )
    bars = html.Div([_build_bar(day, most) for day in days], className="days", role="img", **{"aria-label": said})
    ends = [html.Span(first), html.Span(last)] if first != last else [html.Span(first)]
    return [legend, bars, html.P(ends, className="days-ends")]


def _build_bar(day: CaseBucket, most: int) -> Component:
    when = format_day_of_year(date.fromisoformat(day.date))
    title = f"{when}: {format_counted(day.clicks, 'click')}, {format_counted(day.conversions, 'conversion')}"
    clicks = html.Span(className="day-clicks", style={"height": f"{day.clicks / most:.1%}"})
    conversions = html.Span(className="day-conversions", style={"height": f"{day.conversions / most:.1%}"})
    return html.Span([clicks, conversions], className="day", title=title)


def _build_entry(entry: TimelineEntry) -> Component:
    dot = "timeline-dot timeline-warning" if entry.kind in _WARNING else "timeline-dot"
    who = f", by {entry.actor}" if entry.actor else ""
    said = _name_rules(_FOUND[entry.kind], entry) if entry.rules and entry.kind in _FOUND else [f"{entry.text}{who}"]
    return html.Li(
        [
            html.Span(className=dot),
            html.Time(format_minute(entry.at), dateTime=entry.at.isoformat(), className="timeline-at figures"),
            html.Span(said),
        ]
    )


def _name_rules(verb: str, entry: TimelineEntry) -> list[Component | str]:
    names = [html.Strong(RULES[rule]) for rule in entry.rules]
    return [verb, " ", *[part for name in names for part in (", ", name)][1:]]
