"""Honest K: how many new users each user brings, and beside it the readings that depend on the period."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.table import build_columns, build_table
from dashboard.components.terms import build_term
from dashboard.components.trend import build_trend, format_unfinished
from dashboard.data import GrowthSnapshot
from dashboard.growth.cohort_weeks import format_matures, format_weeks
from dashboard.period import FILTERS
from viral_contract.models.cohort_k import CohortKHeadline
from viral_contract.models.growth import Interval
from viral_reports.figures import format_counted, format_k, format_signed

_VIRAL = 1
_SHORTEST_SCALE = 1.2
# Labels of the interval and of 1 that are nearer than this stand on different sides of the scale.
_NEAR = 0.36


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """Honest K with its interval, or when there will be one, and the other readings."""
    headline = snapshot.cohort_k.headline
    first = (
        build_headline(headline, days=snapshot.cohort_k.days, compares=snapshot.compares)
        if headline
        else [html.P(format_matures(snapshot.cohort_k), className="change")]
    )
    unfinished = [build_hint(format_unfinished(snapshot.k_factor))]
    return [
        *first,
        build_readings(snapshot),
        build_hint("Raw K divides by the users who invited in the period, so it depends on the length of the period."),
        *(unfinished if snapshot.compares and not snapshot.k_factor.is_over else []),
    ]


def build_headline(headline: CohortKHeadline, *, days: int, compares: bool) -> list[Component]:
    """The figure, the verdict on its change, what it is, and where the true value lies."""
    figure = html.Span(format_k(headline.k_cohort), className="k-number")
    about = (
        f"Referred signups per user within {days} days · {format_counted(headline.users, 'user')} who signed up "
        f"{format_weeks(headline)} · flagged left out"
    )
    return [
        html.P([figure, *([_build_verdict(headline)] if compares else [])], className="k-line"),
        build_hint(about),
        *([build_scale(headline.k_cohort, headline.interval)] if headline.interval else []),
    ]


def _build_verdict(headline: CohortKHeadline) -> Component:
    previous = headline.previous
    if previous is None:
        return html.Span("No earlier weeks to compare with", className="trend trend-stable")
    before = f" from {format_k(previous.k_cohort)}"
    change = format_signed(headline.k_cohort - previous.k_cohort, decimals=2) + before
    trend = build_trend(headline.verdict, change)
    # Without a clear change there is no figure to show, so the words say what it was before.
    return trend if headline.verdict in ("up", "down") else html.Span([trend, before], className="trend trend-stable")


def build_scale(k_factor: float, interval: Interval) -> Component:
    """The interval on a scale from 0, with the line from which on growth carries itself."""
    longest = max(_SHORTEST_SCALE, interval.high * 1.1)
    middle, viral = (interval.low + interval.high) / 2 / longest, _VIRAL / longest
    said = f"95%: {format_k(interval.low)}–{format_k(interval.high)}"
    bar = html.Div(
        [
            html.Span(className="scale-interval", style=_place(interval.low / longest, interval.high / longest)),
            html.Span(className="scale-value", style={"left": f"{k_factor / longest:.2%}"}),
            html.Span(className="scale-viral", style={"left": f"{viral:.2%}"}),
        ],
        className="scale-bar",
    )
    labels = [
        html.Span("0", className="scale-zero"),
        html.Span(said, className="scale-said", style={"left": f"{min(max(middle, 0.2), 0.8):.2%}"}),
        html.Span("1: grows by itself", className="scale-one", style={"right": f"{max(1 - viral - 0.16, 0):.2%}"}),
    ]
    return html.Div(
        [bar, html.Div(labels, className="scale-labels", **{"aria-hidden": "true"})],
        className="scale scale-apart" if abs(middle - viral) < _NEAR else "scale",
        role="img",
        **{
            "aria-label": f"{format_k(k_factor)}, {said} on a scale from 0 to {longest:.1f}; growth carries itself at 1"
        },
    )


def _place(start: float, end: float) -> dict[str, str]:
    return {"left": f"{start:.2%}", "width": f"{end - start:.2%}"}


def build_readings(snapshot: GrowthSnapshot) -> Component:
    """What else is called K, now and in the period before."""
    names = ("Now", "Before") if snapshot.compares else ("Now",)
    rows = [(name, *figures[: len(names)]) for name, figures in _list_readings(snapshot)]
    return build_table("Other readings of K", build_columns("Other readings", *names), rows)


def _list_readings(snapshot: GrowthSnapshot) -> list[tuple[Component, tuple[str, str]]]:
    answer, headline = snapshot.k_factor, snapshot.cohort_k.headline
    previous = answer.previous
    is_known, was_known = not answer.is_partial, not previous.is_partial
    before = headline.previous if headline else None
    return [
        (
            _name("k_factor", "K-factor", f"raw, {format_counted(answer.period.days, 'day')}"),
            (_format(answer.k_factor, is_known), _format(previous.k_factor, was_known)),
        ),
        (
            _name("k_clean", "K clean", f"raw without {answer.removed_conversions:,} flagged"),
            (_format(answer.k_factor_clean, is_known), _format(previous.k_factor_clean, was_known)),
        ),
        (
            _name("conversions_per_user", "Conversions per user", f"{snapshot.cohort_k.days} days"),
            (
                _format(headline.k_conversions if headline else 0, headline is not None),
                _format(before.k_conversions if before else 0, before is not None),
            ),
        ),
    ]


def _name(term: str, shown: str, note: str) -> Component:
    return html.Span([build_term(term, shown), html.Span(f" · {note}", className="reading-note")])


def _format(k_factor: float, is_known: bool) -> str:
    return format_k(k_factor) if is_known else "–"


CARD = Card("honest-k", "Honest K", 330, build_body, filters=FILTERS)
