"""People, for admins, and the links by which people set their passwords."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.access import people as access
from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.new_passwords import hash_new_password
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.queries import ListQuery, read_page, split_page
from metrics_api.api.routing import SMALL_ROW_ID, Resource
from viral_contract.models.people import (
    ROLE_SCOPES,
    NewPerson,
    PasswordByLink,
    PasswordLink,
    PeopleAnswer,
    PersonChange,
    PersonDetail,
    PersonInvited,
    Role,
    Scope,
)
from viral_contract.models.problem import Problem

people = Resource("people")
passwords = Resource("passwords")
_PERSON = f"/v1/people/<{SMALL_ROW_ID}:person_id>"


@people.route("GET", "/v1/people", scope=Scope.ADMIN, answers={HTTPStatus.OK: PeopleAnswer})
def get_people(query: ListQuery, connection: Connection) -> PeopleAnswer:
    """List all users by email, including deactivated ones."""
    page = read_page(query, access.CURSOR)
    shown, next_cursor = split_page(page, access.CURSOR, access.fetch_people(connection, page), "email")
    return PeopleAnswer(
        people=shown,
        total_people=access.count_people(connection),
        next_cursor=next_cursor,
    )


@people.route(
    "POST",
    "/v1/people",
    scope=Scope.ADMIN,
    answers={HTTPStatus.CREATED: PersonInvited, HTTPStatus.CONFLICT: Problem},
)
def post_person(body: NewPerson) -> tuple[PersonInvited, HTTPStatus]:
    """Invite a user, who sets a password with the link's secret."""
    _check_grantable(body.role)
    actor, now = current_principal().name, datetime.now(UTC)
    with _refusals(), current_context().database.write() as connection:
        person = access.save_person(connection, body.email, body.role, actor=actor, now=now)
        link = access.create_password_link(connection, person.id, actor=actor, now=now)
    return PersonInvited(person=person, password_link=link), HTTPStatus.CREATED


@people.route(
    "PATCH",
    _PERSON,
    scope=Scope.ADMIN,
    answers={HTTPStatus.OK: PersonDetail, HTTPStatus.CONFLICT: Problem},
)
def patch_person(person_id: int, body: PersonChange) -> PersonDetail:
    """Change a user's role or access; their sessions end."""
    actor, now = current_principal().name, datetime.now(UTC)
    with _refusals(), current_context().database.write() as connection:
        changed = access.save_change(connection, person_id, body, actor=actor, now=now)
        # Includes a role that applies only later, after another admin has reactivated the person.
        if body.role is not None or not changed.deactivated:
            _check_grantable(changed.role)
    return changed


@people.route("POST", f"{_PERSON}/password-link", scope=Scope.ADMIN, answers={HTTPStatus.CREATED: PasswordLink})
def post_password_link(person_id: int) -> tuple[PasswordLink, HTTPStatus]:
    """Revoke a user's password and sessions, and create a link to set a new one."""
    actor, now = current_principal().name, datetime.now(UTC)
    with _refusals(), current_context().database.write() as connection:
        link = access.create_password_link(connection, person_id, actor=actor, now=now)
        _check_grantable(access.fetch_role(connection, person_id))
    return link, HTTPStatus.CREATED


@passwords.route("PUT", "/v1/passwords", scope=Scope.SESSIONS_WRITE, answers={HTTPStatus.NO_CONTENT: None})
def put_password(body: PasswordByLink) -> None:
    """Set a password with a link."""
    secret, now = body.secret.get_secret_value(), datetime.now(UTC)
    # Hashing is expensive on purpose, so a made-up link must not trigger it.
    with _refusals(), current_context().database.read() as connection:
        email = access.fetch_link_owner(connection, secret, now=now)
    password_hash = hash_new_password(body.password, email, "/password")
    with _refusals(), current_context().database.write() as connection:
        access.use_password_link(connection, secret, password_hash, now=now)


def _check_grantable(role: Role) -> None:
    """Refuse a token that lacks the role's own scopes: anyone with a link's secret becomes that person.

    If the role is known only at the end, the refusal rolls back the whole transaction.
    """
    caller = current_principal()
    lacking = caller.find_ungrantable(ROLE_SCOPES[role])
    if lacking:
        detail = (
            f"Nothing was changed: {caller.name} doesn't have {', '.join(lacking)}, which the role {role} includes."
        )
        raise ProblemError(HTTPStatus.FORBIDDEN, "missing_scope", detail)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except access.UnknownPersonError as error:
        raise not_found("person with this id") from error
    except access.UnknownLinkError as error:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "unknown_link", "The link was used before or has expired. Ask an admin for a new one."
        ) from error
    except access.KnownPersonError as error:
        detail = "A user with this email already exists."
        raise ProblemError(HTTPStatus.CONFLICT, "known_person", detail) from error
    except access.LastAdminError as error:
        detail = "Nothing was changed. At least one admin is required. Make someone else an admin first."
        raise ProblemError(HTTPStatus.CONFLICT, "last_admin", detail) from error
