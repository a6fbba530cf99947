"""Cycle time: how long it takes a user to bring the next one."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_kpis
from dashboard.data import GrowthSnapshot
from viral_reports.figures import format_count, format_counted

_HOURS_SHOWN = 48


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """Half of the users are faster than the median, three quarters faster than the other figure."""
    answer = snapshot.cycle_time
    hint = build_hint("Time from a user's signup to the signups they referred")
    if answer.median_hours is None or answer.p75_hours is None:
        waiting = f" · {format_counted(answer.open, 'user')} with no referred signup yet" if answer.open else ""
        return [hint, html.P(f"No referred signups in this period{waiting}", className="nothing")]
    return [
        hint,
        build_kpis(
            (_format_hours(answer.median_hours), "Median"), (_format_hours(answer.p75_hours), "75th percentile")
        ),
        build_kpis((format_count(answer.pairs), "Pairs"), (format_count(answer.open), "No referral yet")),
        build_hint("No referral yet: users who haven't referred a signup."),
    ]


def _format_hours(hours: float) -> str:
    """Hours with one decimal, from two days on days."""
    return f"{hours:.1f} h" if hours < _HOURS_SHOWN else f"{hours / 24:.1f} days"


CARD = Card("cycle-time", "Cycle time", 180, build_body, filters=("source",))
