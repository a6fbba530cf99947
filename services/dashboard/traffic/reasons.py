"""Reasons: by which pattern or header clicks and visits got their class, with a sample."""

import re

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.table import Column, build_link_to_all, build_table
from dashboard.links import TRAFFIC_REASONS_PATH, traffic_events_path
from dashboard.traffic.kinds import NAMES, NOTHING_FILTERED, build_nothing
from dashboard.traffic.snapshot import TrafficSnapshot
from viral_contract.models.traffic import TrafficReason
from viral_reports.figures import format_count, format_counted

_ROWS = 10
_TAGGED = re.compile(r"(?P<pattern>.+) \((?P<tag>[^()]+)\)")
_HEADERS = {"method": "method of the request", "purpose": "header of the request", "app": "your app"}
_NAMED = {
    "datacentre": ("Datacenter network", "counts as a person"),
    "spoofed_bot": ("Claims to be a crawler", "from a network it does not publish"),
}
_COLUMNS = (
    Column("Reason"),
    Column("Class"),
    Column("Events", is_figure=True),
    Column("Sample user agent", is_minor=True),
    Column("Look", is_figure=True),
)


def build_body(snapshot: TrafficSnapshot) -> list[Component]:
    """The most frequent reasons, and the way to all of them."""
    reasons = snapshot.traffic.reasons
    if not reasons:
        return [build_nothing(NOTHING_FILTERED)]
    shown = f"Showing {format_count(min(_ROWS, len(reasons)))} of {format_counted(len(reasons), 'reason')}"
    return [
        build_hint(f"Clicks and visits · most events first · {shown.lower()}"),
        build_table(
            "Reasons, most events first", _COLUMNS, [build_cells(each, snapshot.search) for each in reasons[:_ROWS]]
        ),
        build_link_to_all("Search and export all reasons", TRAFFIC_REASONS_PATH + snapshot.search),
    ]


def format_reason(reason: str) -> tuple[str, str]:
    """What a reason is called, and what kind of reason that is."""
    if reason in _NAMED:
        return _NAMED[reason]
    if tagged := _TAGGED.fullmatch(reason):
        return _strip_pattern(tagged["pattern"]), tagged["tag"]
    kind, _, value = reason.partition(": ")
    return (value, _HEADERS[kind]) if kind in _HEADERS and value else (reason, "")


def _strip_pattern(pattern: str) -> str:
    """A regular expression as the name that it looks for."""
    return pattern.replace("\\", "").strip("^$/") or pattern


def build_cells(each: TrafficReason, search: str) -> tuple[Component | str, ...]:
    """A reason's name, class and events, the user agent of one of them, and the way to all of them."""
    name, about = format_reason(each.reason)
    sample = each.sample or "no longer kept"
    return (
        html.Span([html.Strong(name), html.Span(about, className="row-note")], className="row-who"),
        NAMES[each.traffic_class],
        format_count(each.events),
        html.Code(sample, className="sample", title=sample) if each.sample else sample,
        _build_way(each, name, search),
    )


def _build_way(each: TrafficReason, name: str, search: str) -> Component:
    about = html.Span(f" of {name}", className="visually-hidden")
    return dcc.Link(["View events", about], href=traffic_events_path(each.reason, each.traffic_class, search))


CARD = Card("traffic-reasons", "Reasons", 420, build_body)
