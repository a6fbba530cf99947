"""Reasons: by which pattern or header clicks and visits got their class, with a sample."""

import re
from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.table import Column, build_table
from dashboard.traffic.kinds import NAMES, NOTHING_FILTERED, build_nothing
from dashboard.traffic.snapshot import TrafficSnapshot
from viral_contract.models.traffic import TrafficReason
from viral_reports.figures import format_count

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
)


def build_body(snapshot: TrafficSnapshot) -> list[Component]:
    """The most frequent reasons; the others are folded away."""
    reasons = snapshot.by_day.reasons
    if not reasons:
        return [build_nothing(NOTHING_FILTERED)]
    rest = reasons[_ROWS:]
    return [
        build_hint("Clicks and visits · most events first"),
        _build_table("Reasons, most events first", reasons[:_ROWS]),
        *([_build_rest(rest)] if rest else []),
    ]


def _build_rest(rest: Sequence[TrafficReason]) -> Component:
    summary = html.Summary(f"Show {format_count(len(rest))} more")
    return html.Details([summary, _build_table("Other reasons, most events first", rest)], className="trusted")


def _build_table(caption: str, reasons: Sequence[TrafficReason]) -> Component:
    return build_table(caption, _COLUMNS, [_build_row(each) for each in reasons])


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


def _build_row(each: TrafficReason) -> tuple[Component | str, ...]:
    name, about = format_reason(each.reason)
    sample = each.sample or "no longer kept"
    return (
        html.Span([html.Strong(name), html.Span(about, className="row-note")], className="row-who"),
        NAMES[each.traffic_class],
        format_count(each.events),
        html.Code(sample, className="sample", title=sample) if each.sample else sample,
    )


CARD = Card("traffic-reasons", "Reasons", 420, build_body)
