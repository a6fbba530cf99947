"""How a figure compares with the period before, in words that do not hang on a colour."""

from dash import html
from dash.development.base_component import Component

from viral_contract.models.growth import Interval, KFactorAnswer, Verdict
from viral_reports.dates import format_period
from viral_reports.figures import format_k

_UNCLEAR: dict[Verdict, str] = {"no_clear_change": "No clear change", "too_few_to_say": "Too few users to compare"}
VERDICTS: dict[Verdict, str] = {
    "up": "K rose by more than chance alone would explain",
    "down": "K fell by more than chance alone would explain",
    "no_clear_change": "No clear change: the difference may be due to chance",
    "too_few_to_say": "Not enough data: too few inviting users in one of the two periods",
}


def build_trend(verdict: Verdict, change: str) -> Component:
    """The change with an arrow and a color where it is more than chance, else in gray that it is not."""
    if verdict not in ("up", "down"):
        return html.Span(_UNCLEAR[verdict], className="trend trend-stable")
    arrow = html.Span("↑" if verdict == "up" else "↓", **{"aria-hidden": "true"})
    return html.Span([arrow, f" {change}"], className=f"trend trend-{verdict}")


def build_uncompared() -> Component:
    """What stands in the place of a trend where there is none."""
    return html.Span("Not comparable", className="trend trend-stable")


def format_unfinished(answer: KFactorAnswer) -> str:
    """What is compared of a period that is not over, in one sentence."""
    if answer.compared is None:
        return "This period is still in progress, so it is not compared with another one."
    now, before = format_period(answer.compared.period), format_period(answer.compared.previous_period)
    return f"This period is still in progress. The change compares {now} with {before}."


def format_interval(interval: Interval | None) -> str:
    """Where the true K lies: "0.75 to 1.20"."""
    if interval is None:
        return "no interval"
    return f"95% interval {format_k(interval.low)} to {format_k(interval.high)}"
