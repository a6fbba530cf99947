"""Opt-Out Rates: what was shared or sent and nobody opened."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import NO_FIGURE, Card, build_hint, build_no_data
from dashboard.data import Snapshot
from dashboard.formats import format_percent, format_was
from viral_reports.figures import format_count, format_rate


def build_body(snapshot: Snapshot) -> list[Component]:
    """A bar for each kind against the alert's limit, and the study sessions."""
    opt_outs = snapshot.health.components.opt_outs
    shares, links, sessions = opt_outs.parent_shares, opt_outs.attribution_links, opt_outs.study_sessions
    if not shares.total + links.total + sessions.total:
        return [build_no_data()]
    limit = opt_outs.limits["alert_opt_out_rate"]
    was = _find_rates(snapshot)
    return [
        build_hint("Shares never viewed and links never clicked, to date"),
        _build_rate(
            "Parent shares",
            shares.opt_out_rate,
            _format_unopened(shares.never_viewed, shares.total, "never viewed", was[0]),
            limit,
        ),
        _build_rate(
            "Attribution links",
            links.opt_out_rate,
            _format_unopened(links.zero_clicks, links.total, "never clicked", was[1]),
            None,
        ),
        html.P(
            f"{format_count(sessions.total)} study sessions with "
            f"{sessions.avg_participants:.1f} participants on average",
            className="hint",
        ),
    ]


def _find_rates(snapshot: Snapshot) -> tuple[float | None, float | None]:
    """The rates of the period that this one is compared with, where anything was shared or sent in it."""
    if snapshot.before is None:
        return None, None
    shares = snapshot.before.components.opt_outs.parent_shares
    links = snapshot.before.components.opt_outs.attribution_links
    return shares.opt_out_rate if shares.total else None, links.opt_out_rate if links.total else None


def _format_unopened(unopened: int, total: int, what: str, was: float | None) -> str:
    return f"{format_count(unopened)} of {format_count(total)} {what}{format_was(was)}"


def _build_rate(label: str, rate: float, note: str, limit: float | None) -> Component:
    is_above = limit is not None and rate > limit
    fill = html.Span(className="meter-fill", style={"width": f"{rate:.1%}"})
    tick = [html.Span(className="meter-limit", style={"left": f"{limit:.1%}"})] if limit is not None else []
    if limit is not None:
        note += f" · {'above' if is_above else 'within'} the {format_percent(limit)} threshold"
    return html.Div(
        [
            html.Div([html.Span(label), html.Span(format_rate(rate), className="rate-value")], className="rate-head"),
            html.Span([fill, *tick], className=f"meter{'' if is_above else ' meter-calm'}", **{"aria-hidden": "true"}),
            html.P(note, className="rate-note"),
        ],
        className="rate",
    )


def format_figure(snapshot: Snapshot) -> str:
    """The rates of shares and of links."""
    opt_outs = snapshot.health.components.opt_outs
    shares, links = opt_outs.parent_shares, opt_outs.attribution_links
    if not shares.total + links.total:
        return NO_FIGURE
    return f"{format_rate(shares.opt_out_rate)} · {format_rate(links.opt_out_rate)}"


CARD = Card("opt-outs", "Opt-Out Rates", 190, build_body, format_figure=format_figure)
