"""People and tokens: admins invite people, change what they may do, and create tokens for programs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.controls import build_folded, build_select
from dashboard.formats import format_minute
from dashboard.links import PEOPLE_PATH
from dashboard.lists.page import build_button, build_page, build_save
from dashboard.lists.view import Done, Drawn, Form, ListPage, RefusedError, Wanted, build_next
from dashboard.public_address import HOW_TO_SET, find_public_address
from dashboard.session import current_viewer
from dashboard.sign_in.passwords import LINK_PATH
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import PasswordLink, PersonDetail, Role, Scope
from viral_contract.models.tokens import Token
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

ROWS = 1000
_SLUG = "people"
_DAYS = {"7": "7 days", "30": "30 days", "90": "90 days", "366": "1 year"}
_GRANTABLE = [scope for scope in Scope if scope != Scope.SESSIONS_WRITE]
_ONCE = "It is shown only once. Copy it before you leave this page."
_WAYS = {
    (True, True): "single sign-on and password",
    (True, False): "single sign-on only",
    (False, True): "password",
    (False, False): "no password",
}


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """One entry a person and one a token, each with what can be done about it."""
    people = api.fetch_people(limit=ROWS, cursor=wanted.get("people"))
    tokens = api.fetch_tokens(limit=ROWS, cursor=wanted.get("tokens"))
    own_id, now = current_viewer().person.id, datetime.now(UTC)
    return {
        "list": [
            build_hint(
                "When someone first signs in with single sign-on, the password set here stops working, unless the "
                "setting OIDC_KEEP_PASSWORDS lists them."
            ),
            build_hint(f"{format_counted(people.total_people, 'person', 'people')}, sorted by email"),
            html.Ul([_build_person(person, person.id == own_id) for person in people.people], className="violations"),
            *build_next(PEOPLE_PATH, wanted, people.next_cursor, f"{ROWS} people", "people"),
        ],
        "tokens": [
            build_hint(f"{format_counted(tokens.total_tokens, 'token')}, newest first"),
            html.Ul([_build_token(token, now) for token in tokens.tokens], className="violations"),
            *build_next(PEOPLE_PATH, wanted, tokens.next_cursor, f"{ROWS} tokens", "tokens"),
        ],
    }


def _build_person(person: PersonDetail, is_own: bool) -> Component:
    heading = html.Div([html.H3(person.email), html.P(_describe(person), className="row-note")])
    role = html.Div(person.role.capitalize() + (" (deactivated)" if person.deactivated else ""))
    # Nobody takes away their own access.
    return html.Li([heading, role, html.Div("You") if is_own else _build_actions(person)], className="violation")


def _describe(person: PersonDetail) -> str:
    seen = f"Last signed in {format_minute(person.signed_in_at)} UTC" if person.signed_in_at else "Never signed in"
    return f"{seen} · {_WAYS[person.single_sign_on, person.has_password]}"


def _build_actions(person: PersonDetail) -> Component:
    actions = [(str(role), f"Make {_article(role)} {role}") for role in Role if role != person.role]
    actions.append(("password", "Reset password"))
    actions.append(("activate", "Reactivate") if person.deactivated else ("deactivate", "Deactivate"))
    buttons = [build_button(_SLUG, name, person.id, said) for name, said in actions]
    hint = build_hint("Any change signs this person out everywhere.")
    return build_folded("Change", person.email, hint, html.Div(buttons, className="person-actions"))


def _article(role: Role) -> str:
    return "an" if role[0] in "aeiou" else "a"


def _build_token(token: Token, now: datetime) -> Component:
    made = f"Created {format_day(token.created_at.date())} by {_describe_maker(token)}"
    heading = html.Div([html.H3(token.name), html.P(made, className="row-note")])
    scopes = html.Div(", ".join(token.scopes), className="scopes")
    return html.Li([heading, scopes, html.Div(_describe_end(token, now)), _build_revoke(token)], className="violation")


def _describe_maker(token: Token) -> str:
    return "the settings" if token.created_by == "environment" else token.created_by or "an earlier release"


def _describe_end(token: Token, now: datetime) -> str:
    if token.revoked_at:
        return f"Revoked {format_minute(token.revoked_at)} UTC"
    if token.expires_at is None:
        return "No end date"
    return f"{'Expires' if token.expires_at > now else 'Expired'} {format_day(token.expires_at.date())}"


def _build_revoke(token: Token) -> Component | None:
    if not token.active or token.created_by == "environment":
        return None
    hint = build_hint("The token stops working immediately. This can't be undone.")
    return build_folded("Revoke", token.name, hint, build_button(_SLUG, "revoke", token.id, f"Revoke {token.name}"))


def _build_invitation() -> list[Component]:
    roles = {str(role): role.capitalize() for role in Role}
    email = dmc.TextInput(id="people-email", label="Email", placeholder="name@example.com", className="filter")
    role = build_select("people-role", "Role", roles, str(Role.VIEWER), className="filter")
    return [
        build_hint(
            "Viewers can look. Analysts can also act on alerts and reports. Admins see full identifiers and manage "
            "access."
        ),
        html.Div([email, role, build_save(_SLUG, "invite", "Send invite")], className="filters"),
    ]


def _build_token_form() -> list[Component]:
    name = dmc.TextInput(id="people-name", label="Token name", placeholder="events importer", className="filter")
    expiry = build_select("people-days", "Expires in", _DAYS, "90", className="filter")
    return [
        build_hint("Grant only the scopes that its program needs."),
        html.Div([name, expiry, build_save(_SLUG, "token", "Create token")], className="filters"),
        dmc.CheckboxGroup(
            dmc.Group([dmc.Checkbox(label=str(scope), value=str(scope)) for scope in _GRANTABLE], gap="sm"),
            id="people-scopes",
            label="Scopes",
            value=[],
            className="token-scopes",
        ),
    ]


def _invite(api: MetricsApi, email: str | None, role: str) -> Done:
    if not email:
        raise RefusedError("Enter an email address.")
    invited = api.invite_person(email, Role(role))
    return Done(f"Invite sent to {invited.person.email}", once=_show_link(invited.person.email, invited.password_link))


def _create_token(api: MetricsApi, name: str | None, days: str, scopes: list[str] | None) -> Done:
    if not name or not scopes:
        raise RefusedError("Enter a token name and choose at least one scope.")
    created = api.create_token(name, [Scope(scope) for scope in scopes], int(days))
    use = "Programs send it in the header Authorization: Bearer, followed by the token."
    return Done(f"Token {created.name} created.", _build_secret(f"Token {created.name}", created.secret, [_ONCE, use]))


def _act(api: MetricsApi, action: str, row: int) -> Done:
    if action == "revoke":
        api.revoke_token(row)
        return Done("Token revoked.")
    if action == "password":
        return Done("The old password no longer works.", _show_link("this person", api.reset_password(row)))
    change = {"deactivated": action == "deactivate"} if "activate" in action else {"role": action}
    changed = api.change_person(row, **change)
    state = "deactivated" if changed.deactivated else f"{_article(changed.role)} {changed.role}"
    return Done(f"{changed.email} is now {state}.")


def _show_link(who: str, link: PasswordLink) -> list[Component]:
    public = find_public_address()
    address = f"{public or ''}{LINK_PATH}?{urlencode({'key': link.secret})}"
    advice = f"Send it to {who} privately. It works once, until {format_day(link.expires_at.date())}."
    return _build_secret("Password link", address, [_ONCE, advice, *([] if public else [HOW_TO_SET])])


def _build_secret(heading: str, secret: str, advice: Sequence[str]) -> list[Component]:
    """Something that is shown this once."""
    value = html.Code(secret, id="people-secret-value", className="secret")
    copy = dcc.Clipboard(target_id="people-secret-value", title="Copy", className="copy")
    parts = [html.H2(heading, className="card-heading"), html.Div([value, copy], className="secret-row")]
    return [html.Section([*parts, *map(build_hint, advice)], className="card", **{"aria-label": heading})]


LISTED = ListPage(
    path=PEOPLE_PATH,
    slug=_SLUG,
    title="People and tokens",
    about="People sign in to the dashboard; tokens let programs use the API.",
    only="Only admins can invite people and create tokens.",
    draw=draw,
    cards=(
        Form("invite", "Invite a user", _build_invitation, ("email", "role"), {"email": ""}, _invite),
        ("list", "People"),
        Form(
            "token",
            "Create a token",
            _build_token_form,
            ("name", "days", "scopes"),
            {"name": "", "scopes": []},
            _create_token,
        ),
        ("tokens", "Tokens"),
    ),
    act=_act,
)
PAGE = build_page(LISTED, icon="people", group="Administration")
