"""Privacy: the retention policy for everybody; requests of parents and the record of purges for admins."""

from collections.abc import Callable, Mapping
from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from pydantic import ValidationError

from dashboard.admin.privacy import KINDS, SUBJECTS, Answering, build_policy, build_purges, build_requests
from dashboard.components.buttons import find_pressed
from dashboard.components.card import build_blank, build_hint
from dashboard.components.messages import build_unavailable
from dashboard.components.page_header import build_page_header
from dashboard.components.table import build_way_on
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES, format_failure, format_invalid
from dashboard.links import PRIVACY_PATH
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import ApiUnreachableError, MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.privacy import PrivacyRequestDraft
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

ROWS = 50
TITLE = "Privacy"
_WHY = "What is kept of children and for how long, and what their parents have asked for."
_FORM = {name: f"privacy-{name}" for name in ("kind", "subject_kind", "subject_id", "note")}
_NOTHING = (
    "nothing is stored under that id, so the request stays open. Check the id; if it was mistyped, note the request "
    "again and close this one"
)
_UNKNOWN = (
    "the metrics API does not answer. If it was reached, it goes on: see here in a few minutes whether the request is "
    "done before you answer it again"
)
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; the form stands in it from the start, hidden until it is allowed."""
    form = html.Section(
        [html.H2("Note a parent's request", className="card-heading"), *_build_form()],
        id="privacy-form",
        className="card",
        hidden=True,
    )
    return html.Div(
        [
            build_page_header(TITLE, "", [html.P(_WHY)], above=None),
            dcc.Download(id="privacy-file"),
            html.Div(
                [
                    html.Section([build_blank(420)], id="privacy-policy", className="card"),
                    form,
                    html.P(id="privacy-said", className="said", role="status"),
                    html.Section([build_blank(160)], id="privacy-requests", className="card", hidden=True),
                    html.Section([build_blank(160)], id="privacy-purges", className="card", hidden=True),
                ],
                className="stack",
            ),
        ]
    )


def _build_form() -> list[Component]:
    fields = [
        _build_select("kind", "What they ask for", KINDS),
        _build_select("subject_kind", "Known by", SUBJECTS),
        dmc.TextInput(id=_FORM["subject_id"], label="Id", required=True, withAsterisk=False),
        dmc.TextInput(id=_FORM["note"], label="Who asked, and how you checked"),
        html.Button("Note it", id="privacy-save", className="button button-primary"),
    ]
    hint = "Noting it starts the time until which it has to be answered. Answer it in the list below."
    return [build_hint(hint), html.Div(fields, className="filters")]


def _build_select(name: str, label: str, words: dict[Any, str]) -> Component:
    choices = [{"value": value, "label": said} for value, said in words.items()]
    return dmc.Select(id=_FORM[name], label=label, data=choices, value=next(iter(words)), allowDeselect=False)


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """The address fills the page; the buttons note and answer requests."""
    _add_view(app, views)
    _add_save(app, views)
    _add_answer(app, views)


def _add_view(app: Dash, views: SharedViews) -> None:
    def show(search: str | None) -> dict[str, Any]:
        return show_privacy(views.api_of_viewer(), read_search(search).get("cursor"))

    app.callback(
        output={
            **{name: Output(f"privacy-{name}", "children") for name in ("policy", "requests", "purges")},
            "hidden": [Output(f"privacy-{name}", "hidden") for name in ("form", "requests", "purges")],
        },
        inputs={"search": Input("url", "search")},
    )(show)


def _add_save(app: Dash, views: SharedViews) -> None:
    def save(_: int, **form: str | None) -> dict[str, Any]:
        return note_request(views.api_of_viewer(), form)

    app.callback(
        output={
            "requests": Output("privacy-requests", "children", allow_duplicate=True),
            "said": Output("privacy-said", "children"),
            "subject_id": Output(_FORM["subject_id"], "value"),
            "note": Output(_FORM["note"], "value"),
        },
        inputs={"_": Input("privacy-save", "n_clicks"), **{name: State(at, "value") for name, at in _FORM.items()}},
        prevent_initial_call=True,
    )(save)


def _add_answer(app: Dash, views: SharedViews) -> None:
    def answer(presses: list[int | None]) -> dict[str, Any]:
        pressed = find_pressed(presses)
        if pressed is None:
            return {"requests": no_update, "said": no_update, "file": no_update}
        return answer_request(views.api_of_viewer(), pressed["kind"], pressed["id"])

    app.callback(
        output={
            "requests": Output("privacy-requests", "children", allow_duplicate=True),
            "said": Output("privacy-said", "children", allow_duplicate=True),
            "file": Output("privacy-file", "data"),
        },
        inputs={"presses": Input({"page": "privacy", "kind": ALL, "id": ALL}, "n_clicks")},
        prevent_initial_call=True,
    )(answer)


def show_privacy(api: MetricsApi, cursor: str | None = None) -> dict[str, Any]:
    """The policy; for admins requests and purges, too. `hidden` is of form, requests and purges."""
    nothing: dict[str, Any] = {"requests": [], "purges": [], "hidden": [True] * 3}
    try:
        policy = build_policy(api.fetch_policy())
        if not current_viewer().may(Scope.ADMIN):
            return {**nothing, "policy": policy}
        purges = build_purges(api.fetch_purges().purges)
        return {"policy": policy, "requests": list_requests(api, cursor), "purges": purges, "hidden": [False] * 3}
    except API_FAILURES as error:
        _log.warning("privacy_failed", reason=str(error))
        return {**nothing, "policy": [build_unavailable(PRIVACY_PATH)]}


def list_requests(api: MetricsApi, cursor: str | None = None) -> list[Component]:
    """Parents' requests from the cursor on."""
    answer = api.fetch_privacy_requests(limit=ROWS, cursor=cursor)
    more = []
    if answer.next_cursor:
        more = [build_way_on(PRIVACY_PATH, {"cursor": answer.next_cursor}, f"{ROWS} requests")]
    return [*build_requests(answer, _answer_id), *more]


def note_request(api: MetricsApi, form: dict[str, str | None]) -> dict[str, Any]:
    """Note a request and empty the form; a refusal is told in words and keeps it."""
    kept = dict.fromkeys(("requests", "subject_id", "note"), no_update)
    given = {name: value.strip() for name, value in form.items() if value and value.strip()}
    if "subject_id" not in given:
        return {**kept, "said": "Nothing was changed: fill in the id."}
    try:
        noted = api.record_privacy_request(PrivacyRequestDraft.model_validate(given))
        said = f"Request {noted.id} is noted; it is due {format_day(noted.due_at.date())}."
        return {"requests": list_requests(api), "said": said, "subject_id": "", "note": ""}
    except ValidationError as error:
        return {**kept, "said": f"Nothing was changed: {format_invalid(error)}."}
    except API_FAILURES as error:
        _log.warning("privacy_request_failed", reason=type(error).__name__)
        return {**kept, "said": format_failure(error)}


def answer_request(api: MetricsApi, answering: Answering, request_id: int) -> dict[str, Any]:
    """Do what a request asks for: hand out the file, or erase; or close it because nothing is stored."""
    try:
        said, file = _ANSWERS[answering](api, request_id)
        return {"requests": list_requests(api), "said": f"Request {request_id}: {said}.", "file": file}
    except API_FAILURES as error:
        _log.warning("privacy_answer_failed", request=request_id, reason=type(error).__name__)
        is_unknown = isinstance(error, ApiUnreachableError)
        said = f"Request {request_id}: {_UNKNOWN}." if is_unknown else format_failure(error)
        return {"requests": no_update, "said": said, "file": no_update}


def _export(api: MetricsApi, request_id: int) -> tuple[str, Any]:
    exported = api.export_subject(request_id)
    if not any(exported.data.values()):
        return _NOTHING, no_update
    name = f"privacy-request-{request_id}.json"
    return "here is the file", {"content": exported.model_dump_json(indent=2), "filename": name}


def _erase(api: MetricsApi, request_id: int) -> tuple[str, Any]:
    done = api.erase_subject(request_id)
    records = sum((done.result or {}).values())
    erased = f"{format_counted(records, 'record')} erased. Counts of those days follow within a minute"
    if done.traces:
        erased += ". Devices, sessions or addresses that were used hold more: see What is left in the list"
    return erased if records else _NOTHING, no_update


def _erase_traces(api: MetricsApi, request_id: int) -> tuple[str, Any]:
    api.erase_traces(request_id)
    return "devices and sessions erased. Counts of those days follow within a minute", no_update


def _close(api: MetricsApi, request_id: int) -> tuple[str, Any]:
    api.close_privacy_request(request_id)
    return "closed, as nothing is stored", no_update


def _answer_id(answering: Answering, request_id: int) -> dict[str, str | int]:
    return {"page": "privacy", "kind": answering, "id": request_id}


_ANSWERS: Mapping[Answering, Callable[[MetricsApi, int], tuple[str, Any]]] = {
    "export": _export,
    "erase": _erase,
    "erase-traces": _erase_traces,
    "close": _close,
}
PAGE = Page(PRIVACY_PATH, TITLE, build_layout, add_callbacks, icon="lock")
