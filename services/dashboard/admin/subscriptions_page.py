"""Subscriptions: who gets the weekly and the monthly report by email, and who gets nothing any more."""

from typing import Any, get_args

import dash_mantine_components as dmc
import structlog
from dash import ALL, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard.admin.subscriptions import build_subscribers, build_suppressed
from dashboard.components.buttons import find_pressed
from dashboard.components.card import build_blank, build_frame, build_hint
from dashboard.components.messages import build_unavailable
from dashboard.components.page_header import build_page_header
from dashboard.components.table import build_way_on
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES, format_failure
from dashboard.links import SUBSCRIPTIONS_PATH
from dashboard.page import Page
from dashboard.period import read_search
from dashboard.reports.email import build_refusal
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.recipients import split_addresses
from viral_contract.models.subscriptions import ScheduledType
from viral_reports.figures import format_counted
from viral_reports.titles import TITLES

ROWS = 100
TITLE = "Subscriptions"
_WHY = "Who gets the scheduled reports by email. Each email has a link by which its recipient ends that."
_SUPPRESSED = (
    "A mail server said for good that it takes nothing for these addresses, so they get no email of any kind. "
    "Allow one again once its mailbox works."
)
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; the form stands in it from the start, hidden until it is allowed."""
    form = html.Section(
        [html.H2("Add recipients", className="card-heading"), *_build_form()],
        id="subscribe-form",
        className="card",
        hidden=True,
    )
    said = html.Div(id="subscribe-said", className="said", role="status")
    cards = html.Div([html.Div(build_blank(320), className="card")], id="subscribe-lists", className="stack")
    header = build_page_header(TITLE, "", [html.P(_WHY)], above=None)
    return html.Div([header, html.Div([form, said, cards], className="stack")])


def _build_form() -> list[Component]:
    recipients = dmc.Textarea(
        id="subscribe-recipients",
        label="Email addresses",
        description="Commas, semicolons or new lines between addresses",
        placeholder="ana@example.com, ben@example.com",
        autosize=True,
        maxRows=8,
        className="recipients",
    )
    kind = dmc.SegmentedControl(
        id="subscribe-type",
        data=[{"value": kind, "label": kind.capitalize()} for kind in get_args(ScheduledType)],
        value="weekly",
        className="period",
        **{"aria-label": "Which report they get"},
    )
    button = html.Button("Subscribe", id="subscribe-save", className="button button-primary")
    return [html.Div([recipients, kind, button], className="filters")]


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """The address chooses what the lists show; the buttons change who gets what."""
    _add_lists(app, views)
    _add_save(app, views)
    _add_act(app, views)


def _add_lists(app: Dash, views: SharedViews) -> None:
    def show(search: str | None) -> dict[str, Any]:
        return show_lists(views.api_of_viewer(), search)

    app.callback(
        output={"lists": Output("subscribe-lists", "children"), "hidden": Output("subscribe-form", "hidden")},
        inputs={"search": Input("url", "search")},
    )(show)


def _add_save(app: Dash, views: SharedViews) -> None:
    def save(_: int, typed: str | None, kind: ScheduledType, search: str | None) -> dict[str, Any]:
        return subscribe(views.api_of_viewer(), typed or "", kind, search)

    app.callback(
        output={
            "lists": Output("subscribe-lists", "children", allow_duplicate=True),
            "said": Output("subscribe-said", "children"),
            "recipients": Output("subscribe-recipients", "value"),
        },
        inputs={
            "_": Input("subscribe-save", "n_clicks"),
            "typed": State("subscribe-recipients", "value"),
            "kind": State("subscribe-type", "value"),
            "search": State("url", "search"),
        },
        prevent_initial_call=True,
    )(save)


def _add_act(app: Dash, views: SharedViews) -> None:
    def press(presses: list[int | None], search: str | None) -> dict[str, Any]:
        pressed = find_pressed(presses)
        if pressed is None:
            return {"lists": no_update, "said": no_update}
        return act(views.api_of_viewer(), pressed["action"], pressed["of"], search)

    app.callback(
        output={
            "lists": Output("subscribe-lists", "children", allow_duplicate=True),
            "said": Output("subscribe-said", "children", allow_duplicate=True),
        },
        inputs={
            "presses": Input({"page": "subscriptions", "action": ALL, "of": ALL}, "n_clicks"),
            "search": State("url", "search"),
        },
        prevent_initial_call=True,
    )(press)


def show_lists(api: MetricsApi, search: str | None) -> dict[str, Any]:
    """The lists, and whether the form is hidden, as it is for who may not change anything."""
    wanted = read_search(search)
    try:
        if not current_viewer().may(Scope.REPORTS_WRITE):
            sentence = "Only analysts and admins see and change who gets reports. Ask one of them for a subscription."
            return {"lists": [html.P(sentence)], "hidden": True}
        lists = [_build_subscribers(api, kind, wanted) for kind in get_args(ScheduledType)]
        return {"lists": [*lists, _build_suppressed(api, wanted)], "hidden": False}
    except API_FAILURES as error:
        _log.warning("subscriptions_failed", reason=str(error))
        return {"lists": [build_unavailable(SUBSCRIPTIONS_PATH)], "hidden": True}


def subscribe(api: MetricsApi, typed: str, kind: ScheduledType, search: str | None) -> dict[str, Any]:
    """Subscribe the addresses of a text; a refusal is told in words and keeps what was typed."""
    kept = {"lists": no_update, "recipients": no_update}
    addresses = split_addresses(typed)
    if not addresses:
        return {**kept, "said": "Nothing was changed: fill in at least one address."}
    try:
        saved = api.save_subscriptions(addresses, kind)
    except ApiProblemError as error:
        return {**kept, "said": build_refusal(error, addresses, done="changed")}
    except API_FAILURES as error:
        _log.warning("subscribe_failed", reason=str(error))
        return {**kept, "said": format_failure(error)}
    number = format_counted(len(saved.subscriptions), "recipient")
    lists = show_lists(api, search)["lists"]
    return {"lists": lists, "recipients": "", "said": f"Subscribed {number} to the {kind} report."}


def act(api: MetricsApi, action: str, of: str, search: str | None) -> dict[str, Any]:
    """End a subscription, or allow a suppressed address again."""
    try:
        if action == "remove" and of.isdecimal():
            api.delete_subscription(int(of))
        else:
            api.delete_suppression(of)
    except API_FAILURES as error:
        _log.warning("subscription_action_failed", action=action, reason=str(error))
        return {"lists": no_update, "said": format_failure(error)}
    said = "Removed." if action == "remove" else f"{of} gets email again."
    return {"lists": show_lists(api, search)["lists"], "said": said}


def _build_subscribers(api: MetricsApi, kind: ScheduledType, wanted: dict[str, str]) -> Component:
    answer = api.fetch_subscriptions(report_type=kind, limit=ROWS, cursor=wanted.get(kind))
    body = build_subscribers(kind, answer, _action_id)
    return build_frame(kind, TITLES[kind], [*body, *_build_way_on(kind, answer.next_cursor)])


def _build_suppressed(api: MetricsApi, wanted: dict[str, str]) -> Component:
    answer = api.fetch_suppressions(limit=ROWS, cursor=wanted.get("suppressed"))
    body = build_suppressed(answer, _action_id)
    way_on = _build_way_on("suppressed", answer.next_cursor)
    return build_frame("suppressed", "Suppressed addresses", [build_hint(_SUPPRESSED), *body, *way_on])


def _build_way_on(name: str, cursor: str | None) -> list[Component]:
    if cursor is None:
        return []
    return [build_way_on(SUBSCRIPTIONS_PATH, {name: cursor}, f"{ROWS} addresses")]


def _action_id(action: str, of: str) -> dict[str, str]:
    return {"page": "subscriptions", "action": action, "of": of}


PAGE = Page(
    SUBSCRIPTIONS_PATH,
    TITLE,
    build_layout,
    add_callbacks,
    icon="mail",
    scope=Scope.REPORTS_WRITE,
    group="Messages",
)
