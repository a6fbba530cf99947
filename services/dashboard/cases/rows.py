"""Cases in rows: those of the queue, those that are decided, and the buttons that decide."""

from collections.abc import Mapping
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.entity import build_chips, build_entity, format_loop
from dashboard.cases.figures import format_dates
from dashboard.cases.filters import find_order, find_status, format_address
from dashboard.cases.why import find_days_over, format_why
from dashboard.cases.words import VERDICTS, build_undo_key, find_reason, find_strongest
from dashboard.formats import format_age, format_minute
from dashboard.links import case_path
from dashboard.lists.sorted_table import build_box
from viral_contract.models.cases import Case, CaseOrder, CaseVerdict, Decision
from viral_reports.figures import format_count

_TONES: dict[CaseVerdict, str] = {"fraud": "fraud", "legitimate": "ok", "unsure": "none"}


def build_queue(cases: list[Case], filters: Mapping[str, str], *, may_decide: bool, now: datetime) -> Component:
    """The table; its rows take the keyboard in assets/lists.js."""
    can_select = may_decide and find_status(filters) == "open"
    is_of_open = find_status(filters) == "open"
    body = [
        _build_kept_row(case, case.decision, can_select=can_select, now=now)
        if is_of_open and case.status == "decided" and case.decision
        else _build_row(case, can_select=can_select, may_decide=may_decide, now=now)
        for case in cases
    ]
    caption = html.Caption(f"Cases, {find_status(filters)}", className="visually-hidden")
    head = html.Thead(_build_head(filters, can_select=can_select))
    acts = {"data-acts": "true"} if may_decide else {}
    return html.Table([caption, head, html.Tbody(body)], className="table list-table queue", **acts)


def _build_head(filters: Mapping[str, str], *, can_select: bool) -> Component:
    select = [html.Th(build_box("all", "Select page"), className="select-cell", scope="col")]
    last = "Verdict" if find_status(filters) == "decided" else "Seen"
    return html.Tr(
        [
            *(select if can_select else []),
            html.Th("Case", scope="col", className="case-id"),
            html.Th("Who or what", scope="col"),
            html.Th("Why", scope="col"),
            _build_sorted("Conversions", "stake", filters, "figure"),
            html.Th("Clicks", scope="col", className="figure"),
            _build_sorted(last, "newest", filters, "seen"),
        ]
    )


def _build_sorted(label: str, by: CaseOrder, filters: Mapping[str, str], class_name: str) -> Component:
    """A head cell that sorts; the arrow stands on the one that does."""
    if find_order(filters) == by:
        arrow = html.Span("↓", className="arrow", **{"aria-hidden": "true"})
        return html.Th([label, arrow], scope="col", className=f"{class_name} sorted", **{"aria-sort": "descending"})
    link = dcc.Link(label, href=format_address(filters, order=by), className="sort")
    return html.Th(link, scope="col", className=class_name, **{"aria-sort": "none"})


def _build_kept_row(case: Case, decision: Decision, *, can_select: bool, now: datetime) -> Component:
    """An open case until somebody else decided it, with their name and nothing more to do."""
    said = f"{VERDICTS[decision.verdict]}, by {decision.decided_by} {format_age(decision.decided_at, now=now)}"
    view = dcc.Link("View", href=case_path(case.id), className="verdict-view")
    place = html.Span([build_state(decision.verdict, said), view], className="verdict-kept")
    box = [html.Td(className="select-cell")] if can_select else []
    row = {"data-row": str(case.id)}
    return html.Tr([*box, *_build_about(case), html.Td(place, className="seen")], tabIndex="-1", **row)


def _build_row(case: Case, *, can_select: bool, may_decide: bool, now: datetime) -> Component:
    box = build_box(str(case.id), f"Select case {case.id}")
    stake = case.stake
    return html.Tr(
        [
            *([html.Td(box, className="select-cell")] if can_select else []),
            *_build_about(case),
            html.Td(_build_last(case, may_decide=may_decide, now=now), className="seen"),
        ],
        tabIndex="-1",
        **describe_row(case),
        **{
            "data-row": str(case.id),
            "data-kind": case.kind,
            "data-conversion": str(stake.conversions),
            "data-click": str(stake.clicks),
        },
    )


def _build_about(case: Case) -> list[Component]:
    """The cells up to the last one."""
    return [
        html.Td(case.id, className="case-id figures"),
        html.Td(build_entity(case, *find_notes(case)), className="case-who"),
        html.Td(_build_why(case), className="case-why"),
        _build_stake(case.stake.conversions, "conversions", "conv."),
        _build_stake(case.stake.clicks, "clicks", "clicks"),
    ]


def describe_row(case: Case) -> dict[str, str]:
    """What assets/cases.js reads of a case that it finds on a page."""
    return {
        "data-case": str(case.id),
        **({"data-decided": case.decision.verdict} if case.decision else {}),
    }


def find_notes(case: Case) -> tuple[str, ...]:
    """What stands below the id: the loop, and of a network on how many days it was over the limit."""
    return find_days_over(case), format_loop(case)


def _build_why(case: Case) -> Component:
    return html.Div([html.Span(format_why(case)), build_chips(case.evidence)], className="why")


def _build_stake(count: int, class_name: str, unit: str) -> Component:
    figure = html.Span(format_count(count), className="at-stake" if count else "at-stake at-stake-none")
    return html.Td([figure, html.Span(f" {unit}", className="unit")], className=f"figure {class_name}")


def _build_last(case: Case, *, may_decide: bool, now: datetime) -> list[Component]:
    """When it was seen or what was decided; an open case that is unsure can still be decided."""
    decided = [_build_decided(case.id, case.decision, may_decide=may_decide, now=now)] if case.decision else []
    seen = [] if decided else [html.Span(format_dates(case.first_seen, case.last_seen))]
    shown = html.Div([*decided, *seen], className="seen-dates")
    return [shown, *([build_verdict_buttons(case)] if may_decide and case.status == "open" else [])]


def _build_decided(case_id: int, decision: Decision, *, may_decide: bool, now: datetime) -> Component:
    """What a person decided, who, when, why and until when, with the way back."""
    until = f" · until {format_minute(decision.until)} UTC" if decision.until else ""
    who = f"by {decision.decided_by} {format_age(decision.decided_at, now=now)}"
    key = build_undo_key(case_id, decision)
    undo = html.Button("Undo", className="button button-small", type="button", **{"data-undo": key})
    return html.Div(
        [
            build_state(decision.verdict, VERDICTS[decision.verdict]),
            html.Span(who, className="row-note"),
            html.Span(f"{decision.reason}{until}", className="row-note"),
            *([undo] if may_decide else []),
        ],
        className="decided",
    )


def build_state(verdict: CaseVerdict, text: str) -> Component:
    """A verdict as a dot and words."""
    return html.Span(text, className=f"state state-{_TONES[verdict]}")


def build_verdict_buttons(case: Case) -> Component:
    """The three verdicts; each opens the form of assets/cases.js, which also says here what came of it."""
    buttons = [
        html.Button(
            word,
            className="button",
            type="button",
            **{"data-verdict": verdict, "data-reason": find_reason(verdict, find_strongest(case))},
        )
        for verdict, word in VERDICTS.items()
    ]
    group = html.Span(buttons, className="verdict", role="group", **{"aria-label": f"Verdict on case {case.id}"})
    return html.Span([group, html.Span(className="verdict-said")], className="verdict-place")
