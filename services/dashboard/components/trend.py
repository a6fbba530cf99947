"""How a figure compares with the period before, in words that do not hang on a colour."""

from dash import html
from dash.development.base_component import Component

from viral_engine.contract.growth import Interval, Trend, Verdict
from viral_engine.report_rendering.figures import format_k, format_signed

_ARROWS: dict[Trend, str] = {"up": "↑", "down": "↓", "stable": "→"}
VERDICTS: dict[Verdict, str] = {
    "up": "K rose by more than chance explains",
    "down": "K fell by more than chance explains",
    "no_clear_change": "No clear change: chance alone explains as much",
    "too_few_to_say": "Too few to say: too few inviting users in one of the two periods",
}


def build_trend(trend: Trend, change_pct: float | None) -> Component:
    """The trend as arrow and word, with the relative change; after 0 a change has no percentage.

    Stable without one says that the period before is not wholly known.
    """
    if trend == "stable" and change_pct is None:
        return html.Span("Not comparable", className="trend trend-stable")
    change = "from 0" if change_pct is None else f"{format_signed(change_pct, decimals=1)}%"
    arrow = html.Span(_ARROWS[trend], **{"aria-hidden": "true"})
    return html.Span([arrow, f" {trend.capitalize()} {change}"], className=f"trend trend-{trend}")


def format_interval(interval: Interval | None) -> str:
    """Where the true K lies: "0.75 to 1.20"."""
    if interval is None:
        return "no interval"
    return f"95% interval {format_k(interval.low)} to {format_k(interval.high)}"
