"""By loop: how much of each loop's clicks no person made."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.bars import build_meter
from dashboard.components.card import Card, build_hint
from dashboard.components.table import Column, build_table
from dashboard.traffic.kinds import NOTHING_FILTERED, build_nothing
from dashboard.traffic.snapshot import TrafficSnapshot
from viral_contract.models.traffic import TrafficGroup
from viral_reports.figures import format_count, format_rate, name_loop

ROWS = 10
"""How many loops the page asks for."""
_COLUMNS = (Column("Loop"), Column("Filtered", is_figure=True), Column("Share of its clicks", is_figure=True))


def build_body(snapshot: TrafficSnapshot) -> list[Component]:
    """The loops with the most filtered clicks."""
    filtered = [group for group in snapshot.by_loop.groups if group.filtered]
    if not filtered:
        return [build_nothing(NOTHING_FILTERED)]
    more = snapshot.by_loop.total_groups - len(filtered)
    note = [build_hint(f"{format_count(more)} more with fewer or none")] if more else []
    rows = [_build_row(group) for group in filtered]
    return [
        build_hint("Links posted in chats are previewed, which their loop shows"),
        build_table("Loops, most filtered clicks first", _COLUMNS, rows),
        *note,
    ]


def _build_row(group: TrafficGroup) -> tuple[Component | str, ...]:
    share = html.Span(format_rate(group.filtered_share), className="meter-count")
    metered = html.Span([build_meter(group.filtered_share), share], className="metered")
    return name_loop(group.group), format_count(group.filtered), metered


CARD = Card("traffic-loops", "By loop", 260, build_body)
