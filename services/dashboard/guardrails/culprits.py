"""Top culprits: the few who are behind what is flagged, with the buttons that decide."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.entity import build_chips, build_entity, format_loop
from dashboard.cases.rows import build_verdict_buttons, describe_row
from dashboard.cases.why import format_why
from dashboard.components.card import Card
from dashboard.components.table import build_link_to_all
from dashboard.data import Snapshot
from dashboard.links import CASES_PATH, EVIDENCE_PATH
from dashboard.lists.empty import build_empty
from viral_contract.models.cases import Case, CasesAnswer
from viral_reports.figures import format_count, format_counted

ROWS = 4


def build_body(snapshot: Snapshot) -> list[Component]:
    """The cases with the most at stake, and the way to all."""
    answer = snapshot.cases
    if answer is None:
        return [build_empty("Could not load cases", "The API did not answer.", icon="warning")]
    if not answer.cases:
        return [build_empty("No open cases", "No rule accuses a referrer, network, device or link.", icon="check")]
    legend = html.P(
        [
            html.Span([html.Span("Solid", className="rule-chip rule-flags"), "flags"]),
            html.Span([html.Span("Dashed", className="rule-chip rule-looks"), "worth a look, flags nothing alone"]),
        ],
        className="case-legend rule-legend",
    )
    rows = html.Ul([_build_row(case, may_decide=snapshot.may_decide) for case in answer.cases], className="culprits")
    count = answer.counts.open
    all_cases = f"Review all {format_count(count)} open cases" if count > 1 else "Review the open case"
    evidence = dcc.Link("Referrers with evidence", href=EVIDENCE_PATH + snapshot.search, className="link-to-all")
    note = html.Span("Ranked by conversions at stake, then clicks", className="hint")
    return [
        html.Div([html.P(format_subtitle(answer), className="hint"), legend], className="culprits-head"),
        rows,
        html.Div([build_link_to_all(all_cases, CASES_PATH), evidence, note], className="card-links"),
    ]


def format_subtitle(answer: CasesAnswer) -> str:
    """How much of what is flagged these few are behind; where it is not all, how much there is to review.

    Those with conversions come first: behind one without any there is none with some.
    """
    shown, flagged = answer.cases, answer.flagged_conversions
    has_all = answer.next_cursor is None or shown[-1].stake.conversions == 0
    kinds = {case.kind for case in shown}
    who = format_counted(len(shown), kinds.pop() if len(kinds) == 1 else "case")
    if flagged and has_all:
        return f"{who} {'is' if len(shown) == 1 else 'are'} behind {_count_all(flagged)}"
    at_stake = format_counted(answer.stake.conversions, "conversion")
    return f"{who} of {format_counted(answer.total, 'open case')}, with {at_stake} at stake in all"


def _count_all(flagged: int) -> str:
    return "the only flagged conversion" if flagged == 1 else f"all {format_count(flagged)} flagged conversions"


def _build_row(case: Case, *, may_decide: bool) -> Component:
    who = html.Div(build_entity(case, format_loop(case), f"case {case.id}"), className="culprit-who")
    why = html.Div([html.P(format_why(case)), build_chips(case.evidence)], className="why")
    return html.Li(
        [
            who,
            why,
            _build_figure(case.stake.conversions, "conversion"),
            _build_figure(case.stake.clicks, "click"),
            *([html.Div(build_verdict_buttons(case), className="culprit-verdict")] if may_decide else []),
        ],
        className="culprit",
        **describe_row(case),
    )


def _build_figure(count: int, noun: str) -> Component:
    return html.Div(
        [html.Strong(format_count(count)), html.Span(f" {noun}{'' if count == 1 else 's'}")],
        className="culprit-figure figures",
    )


CARD = Card("culprits", "Top culprits", 280, build_body, filters=("source",))
