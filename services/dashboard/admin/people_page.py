"""People and tokens: admins let people in, change what they may do, and make tokens for services."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
import structlog
from dash import ALL, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard.admin.people import build_people, build_secret, build_tokens
from dashboard.components.buttons import find_pressed
from dashboard.components.card import build_blank, build_hint
from dashboard.components.messages import build_unavailable
from dashboard.components.page_header import build_page_header
from dashboard.data import SharedViews
from dashboard.errors import API_FAILURES, format_failure
from dashboard.links import PEOPLE_PATH
from dashboard.page import Page
from dashboard.passwords import LINK_PATH
from dashboard.public_address import HOW_TO_SET, find_public_address
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import PasswordLink, Role, Scope
from viral_reports.dates import format_day

TITLE = "People and tokens"
MOST = 1000
_DAYS = {"7": "7 days", "30": "30 days", "90": "90 days", "366": "a year"}
_GRANTABLE = [scope for scope in Scope if scope != Scope.SESSIONS_WRITE]
_ONCE = "It is shown only now: copy it before you leave this page."
_PLACES = ("list", "tokens", "secret", "said")
_FIELDS = {"email": "people-email", "name": "token-name", "scopes": "token-scopes"}
_KEPT = dict.fromkeys((*_PLACES, *_FIELDS), no_update)
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame of the page; the forms stand in it from the start, hidden until they are allowed."""
    why = "People sign in to these pages; tokens let programs use the API."
    return html.Div(
        [
            build_page_header(TITLE, "", [html.P(why)], above=None),
            html.Div(
                [
                    html.Div(
                        [html.P(id="people-said", className="said", role="status"), html.Div(id="people-secret")],
                        className="told-once",
                    ),
                    _build_card("Let somebody in", _build_invitation(), "people-invite"),
                    html.Section([build_blank(240)], id="people-list", className="card"),
                    _build_card("Make a token", _build_token_form(), "people-token"),
                    html.Section([build_blank(240)], id="people-tokens", className="card"),
                ],
                className="stack",
            ),
        ]
    )


def _build_card(heading: str, body: list[Component], card_id: str) -> Component:
    return html.Section([html.H2(heading, className="card-heading"), *body], id=card_id, className="card", hidden=True)


def _build_invitation() -> list[Component]:
    roles = [{"value": str(role), "label": role.capitalize()} for role in Role]
    return [
        build_hint(
            "Viewers look. Analysts also act on alerts and reports. Admins see whole addresses and manage this."
        ),
        html.Div(
            [
                dmc.TextInput(id="people-email", label="Email", placeholder="name@example.com", className="filter"),
                dmc.Select(
                    id="people-role",
                    label="Role",
                    data=roles,
                    value=str(Role.VIEWER),
                    allowDeselect=False,
                    className="filter",
                ),
                html.Button("Let them in", id="people-save", className="button button-primary"),
            ],
            className="filters",
        ),
    ]


def _build_token_form() -> list[Component]:
    days = [{"value": value, "label": label} for value, label in _DAYS.items()]
    return [
        build_hint("Give it no more scopes than its program needs."),
        html.Div(
            [
                dmc.TextInput(
                    id="token-name", label="Who will hold it", placeholder="events importer", className="filter"
                ),
                dmc.Select(
                    id="token-days", label="Works for", data=days, value="90", allowDeselect=False, className="filter"
                ),
                html.Button("Make it", id="token-save", className="button button-primary"),
            ],
            className="filters",
        ),
        dmc.CheckboxGroup(
            dmc.Group([dmc.Checkbox(label=str(scope), value=str(scope)) for scope in _GRANTABLE], gap="sm"),
            id="token-scopes",
            label="What it may do",
            value=[],
            className="token-scopes",
        ),
    ]


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """The address fills in the lists; the forms and buttons change them."""
    app.callback(
        output={
            "list": Output("people-list", "children"),
            "tokens": Output("people-tokens", "children"),
            "invite": Output("people-invite", "hidden"),
            "token": Output("people-token", "hidden"),
        },
        inputs={"_": Input("url", "pathname")},
    )(lambda _: show(views.api_of_viewer()))
    _add(app, views, invite, {"email": "people-email", "role": "people-role"}, "people-save")
    _add(app, views, make_token, {"name": "token-name", "days": "token-days", "scopes": "token-scopes"}, "token-save")
    _add_actions(app, views)


def _outputs() -> dict[str, Output]:
    return {
        **{name: Output(f"people-{name}", "children", allow_duplicate=True) for name in _PLACES},
        **{name: Output(field, "value", allow_duplicate=True) for name, field in _FIELDS.items()},
    }


def _add(
    app: Dash, views: SharedViews, act: Callable[..., dict[str, Any]], fields: dict[str, str], button: str
) -> None:
    def save(_: int, **given: Any) -> dict[str, Any]:
        return act(views.api_of_viewer(), **given)

    app.callback(
        output=_outputs(),
        inputs={"_": Input(button, "n_clicks"), **{name: State(field, "value") for name, field in fields.items()}},
        prevent_initial_call=True,
    )(save)


def _add_actions(app: Dash, views: SharedViews) -> None:
    def press(presses: list[int | None]) -> dict[str, Any]:
        pressed = find_pressed(presses)
        if pressed is None:
            return _KEPT
        return act_on(views.api_of_viewer(), pressed["kind"], pressed["id"], pressed["do"])

    app.callback(
        output=_outputs(),
        inputs={"presses": Input({"page": "people", "kind": ALL, "id": ALL, "do": ALL}, "n_clicks")},
        prevent_initial_call=True,
    )(press)


def show(api: MetricsApi) -> dict[str, Any]:
    """The lists, and whether the forms are hidden, as they are for who may not change anything."""
    hidden = {"list": [], "tokens": [], "invite": True, "token": True}
    try:
        viewer = current_viewer()
        if not viewer.may(Scope.ADMIN):
            return {**hidden, "list": [html.P("Only admins let people in and make tokens. Ask one of them.")]}
        people, tokens = api.fetch_people(limit=MOST), api.fetch_tokens(limit=MOST)
    except API_FAILURES as error:
        _log.warning("people_failed", reason=str(error))
        return {**hidden, "list": [build_unavailable(PEOPLE_PATH)]}
    return {
        "list": [
            html.H2("People", className="card-heading"),
            build_hint(
                "A first sign-in by single sign-on ends the password that was set here, unless the setting "
                "OIDC_KEEP_PASSWORDS names the person."
            ),
            *build_people(people, viewer.person.id, _action_id("person")),
        ],
        "tokens": [
            html.H2("Tokens", className="card-heading"),
            *build_tokens(tokens, _action_id("token"), now=datetime.now(UTC)),
        ],
        "invite": False,
        "token": False,
    }


def _action_id(kind: str) -> Callable[[int, str], dict[str, str | int]]:
    return lambda row_id, action: {"page": "people", "kind": kind, "id": row_id, "do": action}


def invite(api: MetricsApi, email: str | None, role: str) -> dict[str, Any]:
    """Let somebody in, tell the link that they set their password with, and empty the form."""
    if not email:
        return {**_KEPT, "said": "Nothing was changed: fill in the email."}

    def act() -> tuple[str, Component]:
        invited = api.invite_person(email.strip(), Role(role))
        return f"{invited.person.email} is let in.", _tell_link(invited.person.email, invited.password_link)

    return _act(api, act, email="")


def make_token(api: MetricsApi, name: str | None, days: str, scopes: list[str]) -> dict[str, Any]:
    """Make a token, tell its secret, and empty the form."""
    if not name or not scopes:
        return {**_KEPT, "said": "Nothing was changed: fill in who will hold the token and what it may do."}

    def act() -> tuple[str, Component]:
        created = api.create_token(name, [Scope(scope) for scope in scopes], int(days))
        use = "Programs send it as Authorization: Bearer, followed by the token."
        return f"The token {created.name} is made.", build_secret(
            f"Token of {created.name}", created.secret, [_ONCE, use]
        )

    return _act(api, act, name="", scopes=[])


def act_on(api: MetricsApi, kind: str, row_id: int, action: str) -> dict[str, Any]:
    """Do what a button of a person or a token says."""

    def act() -> tuple[str, Component | None]:
        if kind == "token":
            api.revoke_token(row_id)
            return "The token is revoked.", None
        if action == "password":
            return "The old password works no more.", _tell_link("that person", api.reset_password(row_id))
        change = {"deactivated": action == "deactivate"} if "activate" in action else {"role": action}
        changed = api.change_person(row_id, **change)
        state = "deactivated" if changed.deactivated else str(changed.role)
        return f"{changed.email} is {state} now.", None

    return _act(api, act)


def _act(api: MetricsApi, act: Callable[[], tuple[str, Component | None]], **emptied: Any) -> dict[str, Any]:
    """What to show once `act` has succeeded, with `emptied` in the fields of the form; else why it has not."""
    try:
        said, secret = act()
    except API_FAILURES as error:
        _log.warning("people_action_failed", reason=str(error))
        return {**_KEPT, "said": format_failure(error)}
    shown = show(api)
    return {**_KEPT, **emptied, "list": shown["list"], "tokens": shown["tokens"], "secret": secret, "said": said}


def _tell_link(who: str, link: PasswordLink) -> Component:
    public = find_public_address()
    address = f"{public or ''}{LINK_PATH}?{urlencode({'key': link.secret})}"
    advice = (
        f"Send it to {who} where nobody else can read it. It works once, until {format_day(link.expires_at.date())}."
    )
    return build_secret("Link to set a password", address, [_ONCE, advice, *([] if public else [HOW_TO_SET])])


PAGE = Page(
    PEOPLE_PATH,
    TITLE,
    build_layout,
    add_callbacks,
    icon="people",
    scope=Scope.ADMIN,
    group="Administration",
)
