"""The page of one case: its evidence, what it touches, what happened, and the verdict."""

from datetime import UTC, datetime
from typing import Any

import structlog
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.cases.case_view import (
    Neighbors,
    build_header,
    build_strip_of_case,
    fetch_effects,
    find_neighbors,
)
from dashboard.cases.deciding import save
from dashboard.cases.evidence import build_evidence
from dashboard.cases.graph import build_graph
from dashboard.cases.linked import add_linked
from dashboard.cases.timeline import build_timeline
from dashboard.cases.verdict_card import build_changes, build_decided, build_verdict_card, describe_choice
from dashboard.cases.words import find_reason, find_strongest
from dashboard.components.card import build_blank, build_frame
from dashboard.components.messages import build_failure
from dashboard.errors import API_FAILURES
from dashboard.links import CASES_PATH, case_path, find_case_id
from dashboard.page import Page
from dashboard.session import Viewer, current_viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import Case, CaseVerdict
from viral_contract.models.people import Scope

PATH = f"{CASES_PATH}/<id>"
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The page before its data; the form stands in it from the start, hidden until it is allowed."""
    below = html.Div(
        [
            build_frame("case-graph", "What it touches", [build_blank(300)]),
            build_frame("case-timeline", "Timeline", [build_blank(300)]),
        ],
        className="case-below",
    )
    left = html.Div(
        [
            html.Div(build_blank(88), id="case-figures"),
            build_frame("case-evidence", "Evidence", [build_blank(320)]),
            below,
        ],
        id="case-cards",
        className="case-cards",
    )
    return html.Div(
        [
            dcc.Store(id="case-shown"),
            html.Div(build_blank(64), id="case-header"),
            html.Div(id="case-notice"),
            html.Div([left, build_verdict_card()], id="case-layout", className="case-layout"),
            html.Div(id="case-bar"),
        ]
    )


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """The case first, then what takes longer; and the form."""
    _add_show(app, views)
    add_linked(app, views)
    _add_rest(app, views)
    _add_form(app, views)


def _add_show(app: Dash, views: SharedViews) -> None:
    def show(path: str | None, done: dict[str, Any] | None) -> dict[str, Any]:
        del done  # The reason to show it once more.
        return show_case(views.api_of_viewer(), path, now=datetime.now(UTC))

    app.callback(
        output={
            "header": Output("case-header", "children"),
            "notice": Output("case-notice", "children"),
            "hidden": Output("case-layout", "hidden"),
            "evidence": Output("case-evidence-body", "children"),
            "decided": Output("case-decided", "children"),
            "form_hidden": Output("case-form", "hidden"),
            "card_hidden": Output("case-verdict", "hidden"),
            "bar": Output("case-bar", "children"),
            "shown": Output("case-shown", "data"),
        },
        inputs={"path": Input("url", "pathname"), "done": Input("verdict-done", "data")},
    )(show)


def show_case(api: MetricsApi, path: str | None, *, now: datetime) -> dict[str, Any]:
    """The case in the address, by the names of the callback's outputs."""
    case_id = find_case_id(path)
    if case_id is None:
        return _say(html.Div())
    try:
        case = api.fetch_case(case_id)
        neighbors = find_neighbors(api, case)
        viewer = current_viewer()
    except API_FAILURES as error:
        return _say(build_failure(error, case_path(case_id), what=f"Case {case_id}"))
    return _draw(case, neighbors, viewer, now=now)


def _draw(case: Case, neighbors: Neighbors, viewer: Viewer, *, now: datetime) -> dict[str, Any]:
    may_decide = viewer.may(Scope.CASES_WRITE)
    can_decide = may_decide and case.status == "open"
    return {
        "header": build_header(case, neighbors, may_list=viewer.may(Scope.ADMIN)),
        "notice": [],
        "hidden": False,
        "evidence": build_evidence(case.kind, case.evidence),
        "decided": build_decided(case, may_decide=may_decide, now=now),
        "form_hidden": not can_decide,
        "card_hidden": False,
        "bar": _build_bar() if can_decide else [],
        "shown": {
            "id": case.id,
            "rule": find_strongest(case),
            "change": case.decision is not None,
            "next": neighbors.next_id,
        },
    }


def _build_bar() -> Component:
    """On phones the verdicts stay in reach until the form is in view."""
    buttons = [
        html.Button(word, className=look, type="button", **{"data-pick": verdict})
        for verdict, word, look in (
            ("fraud", "Fraud", "button button-danger"),
            ("legitimate", "Legitimate", "button"),
            ("unsure", "Unsure", "button"),
        )
    ]
    return html.Div(buttons, className="bottom-bar", role="group", **{"aria-label": "Verdict"})


def _say(message: Component) -> dict[str, Any]:
    return {
        "header": [],
        "notice": message,
        "hidden": True,
        "evidence": no_update,
        "decided": [],
        "form_hidden": True,
        "card_hidden": True,
        "bar": [],
        "shown": None,
    }


def _add_rest(app: Dash, views: SharedViews) -> None:
    def show_graph(shown: dict[str, Any] | None) -> tuple[Any, Any]:
        if not shown:
            return no_update, no_update
        api = views.api_of_viewer()
        try:
            graph, timeline = api.fetch_case_graph(shown["id"]), api.fetch_case_timeline(shown["id"])
        except API_FAILURES as error:
            failed = build_failure(error, case_path(shown["id"]))
            return [failed], [failed]
        return build_graph(graph), build_timeline(timeline)

    app.callback(
        Output("case-graph-body", "children"),
        Output("case-timeline-body", "children"),
        Input("case-shown", "data"),
    )(show_graph)


def _add_form(app: Dash, views: SharedViews) -> None:
    def choose(chosen: str | None, shown: dict[str, Any] | None) -> dict[str, Any]:
        if not shown:
            return dict.fromkeys(choosing, no_update)
        return offer(views.api_of_viewer(), shown, _parse_verdict(chosen))

    choosing = {
        "figures": Output("case-figures", "children"),
        "changes": Output("case-changes", "children"),
        "reasons": Output("case-reason", "data"),
        "reason": Output("case-reason", "value"),
        "until": Output("case-until", "value"),
        "save": Output("case-save", "children"),
    }
    app.callback(
        output=choosing, inputs={"chosen": Input("case-choice", "value"), "shown": Input("case-shown", "data")}
    )(choose)

    def decide(press: int | None, press_next: int | None, **given: Any) -> dict[str, Any]:
        if (not press and not press_next) or not given["shown"]:
            return dict.fromkeys(deciding, no_update)
        return save_case(views.api_of_viewer(), goes_on=ctx.triggered_id == "case-save-next", **given)

    deciding = {
        "done": Output("verdict-done", "data", allow_duplicate=True),
        "toast": Output("verdict-toast", "children", allow_duplicate=True),
        "problem": Output("case-problem", "children"),
        "note": Output("case-note", "value"),
        "path": Output("url", "pathname"),
    }
    app.callback(
        output=deciding,
        inputs={
            "press": Input("case-save", "n_clicks"),
            "press_next": Input("case-save-next", "n_clicks"),
            "shown": State("case-shown", "data"),
            "chosen": State("case-choice", "value"),
            "reason": State("case-reason", "value"),
            "note": State("case-note", "value"),
            "until": State("case-until", "value"),
            "linked": State("case-linked-ids", "data"),
            "decides_linked": State("case-linked", "checked"),
        },
        running=[(Output("case-save", "disabled"), True, False), (Output("case-save-next", "disabled"), True, False)],
        prevent_initial_call=True,
    )(decide)


def _parse_verdict(chosen: str | None) -> CaseVerdict:
    return "legitimate" if chosen == "legitimate" else "unsure" if chosen == "unsure" else "fraud"


def offer(api: MetricsApi, shown: dict[str, Any], verdict: CaseVerdict) -> dict[str, Any]:
    """The case's figures, and what the form offers for the verdict that is chosen."""
    choice = describe_choice(verdict, find_reason(verdict, shown["rule"]))
    try:
        case = api.fetch_case(shown["id"])
        effects = fetch_effects(api, case) if current_viewer().may(Scope.CASES_WRITE) else None
    except API_FAILURES as error:
        _log.warning("effects_failed", reason=type(error).__name__)
        return {"figures": no_update, "changes": [], **choice}
    changes = build_changes(case, effects, verdict) if effects else []
    return {"figures": build_strip_of_case(case, effects), "changes": changes, **choice}


def save_case(
    api: MetricsApi,
    *,
    shown: dict[str, Any],
    chosen: str | None,
    reason: str,
    note: str | None,
    until: str | None,
    linked: list[int] | None,
    decides_linked: bool | None,
    goes_on: bool,
) -> dict[str, Any]:
    """Save the verdict, that of linked cases with it, and go on to the next case if asked to."""
    ids = [shown["id"], *((linked or []) if decides_linked else [])]
    opened = {"ids": ids, "verdict": _parse_verdict(chosen), "change": shown["change"]}
    saved = save(api, opened, reason, note, until, now=datetime.now(UTC))
    is_saved = saved["done"] is not no_update
    wanted = case_path(shown["next"]) if shown["next"] else CASES_PATH
    return {
        **saved,
        "note": "" if is_saved else no_update,
        "path": wanted if is_saved and goes_on else no_update,
    }


PAGE = Page(PATH, "Case", build_layout, add_callbacks)
