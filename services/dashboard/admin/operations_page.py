"""Operations: what the queues hold, and what waits for a person, for admins."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.admin.batches import build_batches
from dashboard.admin.dead_letters import Action, build_dead_letters, format_name
from dashboard.admin.queues import build_queues
from dashboard.components.buttons import find_pressed
from dashboard.components.card import build_blank
from dashboard.components.messages import NO_DATA_PROBLEM, build_refused, build_unavailable, format_refresh_problem
from dashboard.components.table import build_way_on
from dashboard.data import SharedViews
from dashboard.digest import find_digest
from dashboard.errors import API_FAILURES, format_failure
from dashboard.formats import format_clock
from dashboard.links import OPERATIONS_PATH
from dashboard.live.page import add_tick, build_clock
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.queues import QueueName, QueuesAnswer

TITLE = "Operations"
POLL_SECONDS = 5
ROWS = 50
_INVALID = 422
_ONLY_ADMINS = "Only admins see the queues and decide about what failed. Ask one of them."
_log = structlog.get_logger()
_OUTPUTS = {
    "summary": Output("operations-summary", "children"),
    "notice": Output("operations-notice", "children"),
    "hidden": Output("operations-cards", "hidden"),
    "queues": Output("operations-queues", "children"),
    "letters": Output("operations-letters", "children"),
    "batches": Output("operations-batches", "children"),
    "problem": Output("operations-refresh-problem", "children"),
    "problem_hidden": Output("operations-refresh-problem", "hidden"),
    "shown": Output("operations-shown", "data"),
    "rests": Output("operations-clock", "disabled"),
}


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; its cards appear with the first data."""
    icon = html.Span(className="icon icon-refresh", **{"aria-hidden": "true"})
    refresh = html.Button([icon, "Refresh"], id="operations-refresh", className="button")
    title = html.Div([html.H1(TITLE), html.Div(id="operations-summary", className="summary")])
    return html.Div(
        [
            *build_clock("operations", POLL_SECONDS),
            dcc.Store(id="operations-shown"),
            html.Header([title, html.Div(refresh, className="controls")], className="page-header"),
            html.P(
                NO_DATA_PROBLEM, id="operations-refresh-problem", className="refresh-problem", role="alert", hidden=True
            ),
            html.Div(id="operations-notice"),
            html.Div(
                [
                    _build_card("Queues", "operations-queues", 240),
                    html.P(id="operations-said", className="said", role="status"),
                    _build_card("Waiting for a person", "operations-letters", 120),
                    _build_card("Long work", "operations-batches", 60),
                ],
                id="operations-cards",
                className="stack operations",
            ),
        ]
    )


def _build_card(heading: str, body_id: str, height: int) -> Component:
    heading_id = f"{body_id}-heading"
    return html.Section(
        [
            html.H2(heading, id=heading_id, className="card-heading"),
            html.Div([build_blank(height)], id=body_id),
        ],
        className="card",
        **{"aria-labelledby": heading_id},
    )


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback shows queues and letters, one does what a button says."""
    _add_show(app, views)
    _add_act(app, views)


def _add_show(app: Dash, views: SharedViews) -> None:
    def show(tick: float | None, said: str | None, search: str | None, shown: dict[str, Any] | None) -> dict[str, Any]:
        del tick, said  # Reasons to look again, which need no answer.
        return show_operations(views.api_of_viewer(), shown, read_search(search).get("cursor"), now=datetime.now(UTC))

    add_tick(app, "operations", Input("operations-refresh", "n_clicks"))
    app.callback(
        output=_OUTPUTS,
        inputs={
            "tick": Input("operations-tick", "data"),
            "said": Input("operations-said", "children"),
            "search": Input("url", "search"),
            "shown": State("operations-shown", "data"),
        },
    )(show)


def _add_act(app: Dash, views: SharedViews) -> None:
    def act(presses: list[int | None]) -> dict[str, Any]:
        pressed = find_pressed(presses)
        if pressed is None:
            return {"said": no_update}
        return {"said": decide(views.api_of_viewer(), pressed["action"], pressed["letter"])}

    app.callback(
        output={"said": Output("operations-said", "children")},
        inputs={"presses": Input({"page": "operations", "action": ALL, "letter": ALL}, "n_clicks")},
        prevent_initial_call=True,
    )(act)


def show_operations(
    api: MetricsApi, shown: Mapping[str, Any] | None, cursor: str | None, *, now: datetime
) -> dict[str, Any]:
    """What to change on a page that shows `shown`; a failed refresh leaves what is there."""
    try:
        if not current_viewer().may(Scope.ADMIN):
            return _replace_cards(html.P(_ONLY_ADMINS), rests=True)
        answer = api.fetch_queues(limit=ROWS, cursor=cursor)
    except API_FAILURES as error:
        if isinstance(error, ApiProblemError) and error.status == _INVALID:
            return _replace_cards(build_refused(error, OPERATIONS_PATH), rests=True)
        _log.warning("operations_failed", reason=str(error))
        if shown is None:
            return _replace_cards(build_unavailable(OPERATIONS_PATH), rests=False)
        return {**dict.fromkeys(_OUTPUTS, no_update), "problem_hidden": False}
    parts = {
        "queues": [build_queues(answer.queues)],
        "letters": _build_letters(answer, is_first=cursor is None),
        "batches": build_batches(answer.batches),
    }
    digests = {name: find_digest(part) for name, part in parts.items()}
    return {
        "summary": [html.P(f"Last updated {format_clock(now)} · refreshes every {POLL_SECONDS} s")],
        "notice": [],
        "hidden": False,
        **{name: no_update if shown and shown.get(name) == digests[name] else part for name, part in parts.items()},
        "problem": format_refresh_problem(format_clock(now), POLL_SECONDS),
        "problem_hidden": True,
        "shown": digests,
        "rests": False,
    }


def _build_letters(answer: QueuesAnswer, *, is_first: bool) -> list[Component]:
    total = sum(queue.failed + queue.uncertain for queue in answer.queues if queue.name != QueueName.DEFAULT)
    ways: list[Component] = []
    if not is_first:
        ways.append(dcc.Link("Newest", href=OPERATIONS_PATH, className="button"))
    if answer.next_cursor:
        ways.append(build_way_on(OPERATIONS_PATH, {"cursor": answer.next_cursor}, f"{ROWS} items"))
    below = [html.Div(ways, className="controls")] if ways else []
    return [*build_dead_letters(answer.dead_letters, total, _action_id), *below]


def decide(api: MetricsApi, action: str, letter_id: str) -> str:
    """Do what a button says about a letter; what came of it, in words."""
    calls = {
        "retry": (api.retry_dead_letter, "is queued again."),
        "discard": (api.discard_dead_letter, "was discarded."),
        "confirm": (api.confirm_dead_letter, "counts as sent."),
    }
    call, words = calls[action]
    try:
        call(letter_id)
    except API_FAILURES as error:
        _log.warning("decision_failed", action=action, letter=letter_id, reason=str(error))
        return format_failure(error)
    return f"{format_name(letter_id)} {words}"


def _action_id(action: Action, letter_id: str) -> dict[str, str]:
    return {"page": "operations", "action": action, "letter": letter_id}


def _replace_cards(notice: Component, *, rests: bool) -> dict[str, Any]:
    return {
        **dict.fromkeys(_OUTPUTS, no_update),
        "summary": [],
        "notice": notice,
        "hidden": True,
        "problem_hidden": True,
        "shown": None,
        "rests": rests,
    }


PAGE = Page(
    OPERATIONS_PATH, TITLE, build_layout, add_callbacks, icon="queues", scope=Scope.ADMIN, group="Administration"
)
