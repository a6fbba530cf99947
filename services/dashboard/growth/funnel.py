"""Funnel: how many of the people who clicked an invite came how far."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.bars import build_bars
from dashboard.components.card import Card, build_hint
from dashboard.data import GrowthSnapshot
from viral_contract.models.growth import FunnelAnswer, FunnelStep
from viral_reports.blocks import Bar
from viral_reports.figures import format_count, format_rate

_NAMES = {
    "clicked": "Clicked",
    "visited": "Visited",
    "signed_up": "Signed up",
    "converted": "Converted",
    "activated": "Activated",
}


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The invites, and below them the people at every step."""
    funnel = snapshot.funnel
    if not funnel.invites and not _clicked(funnel):
        return [html.P("No invites or clicks in this period", className="nothing")]
    return [
        build_hint("People who first clicked in this period, and how far they got"),
        build_bars(format_bars(funnel)),
    ]


def format_bars(funnel: FunnelAnswer) -> list[Bar]:
    """Invites are links, not people, and so have no rate; one link can be clicked by many."""
    most = max(funnel.invites, _clicked(funnel)) or 1
    invites = Bar("Invites sent", format_count(funnel.invites), "", funnel.invites / most, is_strong=False)
    return [invites, *(_format_step(step, most) for step in funnel.steps)]


def _clicked(funnel: FunnelAnswer) -> int:
    return max((step.count for step in funnel.steps), default=0)


def _format_step(step: FunnelStep, most: int) -> Bar:
    overall = f"{format_rate(step.overall_rate)} of total"
    is_first = step.name == "clicked"
    note = "" if is_first else f"{format_rate(step.step_rate)} of previous step{_format_interval(step)} · {overall}"
    return Bar(_NAMES[step.name], format_count(step.count), note, step.count / most)


def _format_interval(step: FunnelStep) -> str:
    interval = step.step_rate_interval
    return f" ({format_rate(interval.low)} to {format_rate(interval.high)})" if interval else ""


CARD = Card("funnel", "Funnel", 300, build_body, filters=("source",))
