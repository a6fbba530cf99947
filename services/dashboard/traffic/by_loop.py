"""By loop: how much of each loop's clicks no person made."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.bars import build_meter
from dashboard.components.card import Card, build_hint
from dashboard.components.table import Column, build_table
from dashboard.traffic.kinds import NOTHING_FILTERED, build_nothing
from dashboard.traffic.snapshot import TrafficSnapshot
from viral_contract.models.traffic import TrafficLoop
from viral_reports.figures import format_count, format_rate, name_loop

ROWS = 10
"""How many loops the page asks for."""
_COLUMNS = (Column("Loop"), Column("Filtered", is_figure=True), Column("Share of its clicks", is_figure=True))


def build_body(snapshot: TrafficSnapshot) -> list[Component]:
    """The loops with the most filtered clicks."""
    filtered = [loop for loop in snapshot.traffic.loops if loop.filtered]
    if not filtered:
        return [build_nothing(NOTHING_FILTERED)]
    more = snapshot.traffic.total_loops - len(filtered)
    note = [build_hint(f"{format_count(more)} more with fewer or none")] if more else []
    rows = [_build_row(loop) for loop in filtered]
    return [
        build_hint("Links posted in chats are previewed, which their loop shows"),
        build_table("Loops, most filtered clicks first", _COLUMNS, rows),
        *note,
    ]


def _build_row(loop: TrafficLoop) -> tuple[Component | str, ...]:
    share = html.Span(format_rate(loop.filtered_share), className="meter-count")
    metered = html.Span([build_meter(loop.filtered_share), share], className="metered")
    return name_loop(loop.source), format_count(loop.filtered), metered


CARD = Card("traffic-loops", "By loop", 260, build_body)
