"""COPPA Compliance: how much of what was shared is free of children's personal information."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import NO_FIGURE, Card, build_hint, build_no_data
from dashboard.components.table import build_link_to_all
from dashboard.data import Snapshot
from dashboard.formats import format_percent
from dashboard.guardrails import event_pii
from dashboard.links import VIOLATIONS_PATH
from viral_contract.models.guardrails import Compliance, CoppaAnswer, LeakingLoop
from viral_reports.dates import format_day_of_year
from viral_reports.figures import format_count, format_rate_against

_MOST_LOOPS = 3
_MET = {True: "met", False: "missed"}


def build_body(snapshot: Snapshot) -> list[Component]:
    """Whether the target is met, the kinds one by one, and the way to the violations."""
    coppa = snapshot.health.components.coppa
    leaks = _build_leaks(snapshot)
    compliance = format_compliance(coppa)
    if compliance is None:
        return [html.Ul(leaks, className="checks"), *_link_leaks(snapshot)] if leaks else [build_no_data()]
    rate, target = compliance
    was = format_compliance(snapshot.before.components.coppa) if snapshot.before else None
    return [
        build_hint("Shares and reels free of children's personal information"),
        html.Dl(
            html.Div(
                [html.Dt(f"Target {target}{f' · was {was[0]}' if was else ''}"), html.Dd(rate)],
                className="kpi",
            ),
            className=f"kpis {'is-good' if coppa.target_met else 'is-critical'}",
        ),
        html.Ul(
            [
                _build_kind("Parent shares", coppa.parent_shares),
                _build_kind("Progress reels", coppa.progress_reels),
                _build_check("Open violations", format_count(coppa.open_violations), coppa.open_violations == 0),
                *_build_not_scanned(coppa.not_scanned),
                *leaks,
            ],
            className="checks",
        ),
        html.Div(
            [build_link_to_all("View violations", VIOLATIONS_PATH + snapshot.search), *_link_leaks(snapshot)],
            className="card-links",
        ),
    ]


def _build_leaks(snapshot: Snapshot) -> list[Component]:
    """The loops whose events carry personal information, each with since when."""
    loops = snapshot.event_pii.loops
    rest = len(loops) - _MOST_LOOPS
    more = [_build_check("Events of other loops", format_count(rest), is_fine=False)] if rest > 0 else []
    return [*(_build_leak(loop) for loop in loops[:_MOST_LOOPS]), *more]


def _build_leak(loop: LeakingLoop) -> Component:
    value = f"{format_count(loop.events)} since {format_day_of_year(loop.since)}"
    return _build_check(event_pii.format_place(loop), value, is_fine=False)


def _link_leaks(snapshot: Snapshot) -> list[Component]:
    found = snapshot.event_pii.loops
    return [build_link_to_all("View leaks in events", event_pii.PATH + snapshot.search)] if found else []


def _build_kind(label: str, kind: Compliance) -> Component:
    value = f"{format_count(kind.violations_found)} of {format_count(kind.total_checked)} with violations"
    return _build_check(label, value, kind.violations_found == 0)


def _build_not_scanned(number: int) -> list[Component]:
    if not number:
        return []
    return [_build_check("Not scanned yet", f"{format_count(number)} counted as violations", is_fine=False)]


def _build_check(label: str, value: str, is_fine: bool) -> Component:
    icon = html.Span(className=f"icon icon-{'check' if is_fine else 'warning'}", **{"aria-hidden": "true"})
    return html.Li([icon, html.Span(label), html.Span(value, className="check-value")], className="check")


def format_compliance(coppa: CoppaAnswer) -> tuple[str, str] | None:
    """The rate, and the target with whether it is met; None where nothing was checked."""
    if not coppa.parent_shares.total_checked + coppa.progress_reels.total_checked:
        return None
    rate = format_rate_against(coppa.overall_compliance_rate, coppa.target_rate)
    return rate, f"{format_percent(coppa.target_rate)}: {_MET[coppa.target_met]}"


def format_figure(snapshot: Snapshot) -> str:
    """The rate, and whether it is the target's."""
    coppa = snapshot.health.components.coppa
    compliance = format_compliance(coppa)
    return f"{compliance[0]}, {_MET[coppa.target_met]}" if compliance else NO_FIGURE


CARD = Card("coppa", "COPPA Compliance", 190, build_body, format_figure=format_figure)
