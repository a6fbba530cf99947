"""People and tokens, each with what an admin can do about it."""

from collections.abc import Callable, Sequence
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.formats import format_minute
from viral_contract.models.people import PeopleAnswer, PersonDetail, Role
from viral_contract.models.tokens import Token, TokensAnswer
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

ActionId = Callable[[int, str], dict[str, str | int]]

_WAYS = {
    (True, True): "by single sign-on, and with a password that was kept",
    (True, False): "by single sign-on only",
    (False, True): "with a password",
    (False, False): "no password",
}


def build_people(answer: PeopleAnswer, own_id: int, action_id: ActionId) -> list[Component]:
    """One entry a person; `action_id` makes the ids of the buttons. Nobody takes away their own access."""
    count = format_counted(answer.total_people, "person", "people")
    entries = [_build_person(person, person.id == own_id, action_id) for person in answer.people]
    return [build_hint(f"{count}, by email"), html.Ul(entries, className="violations")]


def _build_person(person: PersonDetail, is_own: bool, action_id: ActionId) -> Component:
    heading = html.Div([html.H3(person.email), html.P(_describe(person), className="row-note")])
    role = html.Div(person.role.capitalize() + (" (deactivated)" if person.deactivated else ""))
    return html.Li(
        [heading, role, html.Div("That is you") if is_own else _build_actions(person, action_id)],
        className="violation",
    )


def _describe(person: PersonDetail) -> str:
    seen = f"last signed in {format_minute(person.signed_in_at)} UTC" if person.signed_in_at else "never signed in"
    way = _WAYS[person.single_sign_on, person.has_password]
    return f"{seen}, {way}"


def _build_actions(person: PersonDetail, action_id: ActionId) -> Component:
    actions = [(str(role), f"Make {_article(role)} {role}") for role in Role if role != person.role]
    actions.append(("password", "New password link"))
    actions.append(("activate", "Let in again") if person.deactivated else ("deactivate", "Deactivate"))
    return html.Details(
        [
            html.Summary(["Change", html.Span(f" {person.email}", className="visually-hidden")]),
            build_hint("Any change signs the person out everywhere."),
            html.Div(
                [html.Button(said, id=action_id(person.id, name), className="button") for name, said in actions],
                className="person-actions",
            ),
        ],
        className="resolve",
    )


def _article(role: Role) -> str:
    return "an" if role[0] in "aeiou" else "a"


def build_tokens(answer: TokensAnswer, action_id: ActionId, *, now: datetime) -> list[Component]:
    """One entry a token, the newest first, the ended ones too."""
    count = format_counted(answer.total_tokens, "token")
    entries = [_build_token(token, action_id, now) for token in answer.tokens]
    return [build_hint(f"{count}, the newest first"), html.Ul(entries, className="violations")]


def _build_token(token: Token, action_id: ActionId, now: datetime) -> Component:
    made = f"since {format_day(token.created_at.date())}, by {_describe_maker(token)}"
    heading = html.Div([html.H3(token.name), html.P(made, className="row-note")])
    scopes = html.Div(", ".join(token.scopes), className="scopes")
    return html.Li(
        [heading, scopes, html.Div(_describe_end(token, now)), _build_revoke(token, action_id)], className="violation"
    )


def _describe_maker(token: Token) -> str:
    return "the settings" if token.created_by == "environment" else token.created_by or "an earlier release"


def _describe_end(token: Token, now: datetime) -> str:
    if token.revoked_at:
        return f"Revoked {format_minute(token.revoked_at)} UTC"
    if token.expires_at is None:
        return "No end date"
    return f"{'Until' if token.expires_at > now else 'Expired'} {format_day(token.expires_at.date())}"


def _build_revoke(token: Token, action_id: ActionId) -> Component | None:
    if not token.active or token.created_by == "environment":
        return None
    return html.Details(
        [
            html.Summary(["Revoke", html.Span(f" {token.name}", className="visually-hidden")]),
            build_hint("Whoever holds it is refused at once. It cannot be undone."),
            html.Button(f"Revoke {token.name}", id=action_id(token.id, "revoke"), className="button"),
        ],
        className="resolve",
    )


def build_secret(heading: str, secret: str, advice: Sequence[str]) -> Component:
    """Something that is told this once."""
    return html.Section(
        [
            html.H2(heading, className="card-heading"),
            html.Div(
                [
                    html.Code(secret, id="people-secret-value", className="secret"),
                    dcc.Clipboard(target_id="people-secret-value", title="Copy it", className="copy"),
                ],
                className="secret-row",
            ),
            *[build_hint(line) for line in advice],
        ],
        className="card",
    )
