"""Tokens of services, for admins."""

from datetime import UTC, datetime
from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.access import tokens as access
from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, invalid, not_found
from metrics_api.api.queries import ListQuery, read_page, split_page
from metrics_api.api.routing import SMALL_ROW_ID, Resource
from viral_contract.models.people import Scope
from viral_contract.models.problem import FieldError, Problem
from viral_contract.models.tokens import NewToken, TokenCreated, TokensAnswer

tokens = Resource("tokens")


@tokens.route("GET", "/v1/tokens", scope=Scope.ADMIN, answers={HTTPStatus.OK: TokensAnswer})
def get_tokens(query: ListQuery, connection: Connection) -> TokensAnswer:
    """List tokens without their secrets, including revoked ones, newest first."""
    page = read_page(query, access.CURSOR)
    rows = access.fetch_tokens(connection, page, now=datetime.now(UTC))
    shown, next_cursor = split_page(page, access.CURSOR, rows, "id")
    return TokensAnswer(
        tokens=shown,
        total_tokens=access.count_tokens(connection),
        next_cursor=next_cursor,
    )


@tokens.route("POST", "/v1/tokens", scope=Scope.ADMIN, answers={HTTPStatus.CREATED: TokenCreated})
def post_token(body: NewToken) -> tuple[TokenCreated, HTTPStatus]:
    """Create a token. The answer contains its secret, once."""
    caller = current_principal()
    refused = caller.find_ungrantable(body.scopes)
    if refused:
        raise invalid([FieldError(pointer="/scopes", detail=f"must not hold {', '.join(refused)}")])
    try:
        with current_context().database.write() as connection:
            created = access.save_token(connection, body, actor=caller.name, now=datetime.now(UTC))
    except access.LookAlikeNameError as error:
        raise invalid([FieldError(pointer="/name", detail=str(error))]) from error
    return created, HTTPStatus.CREATED


@tokens.route(
    "DELETE",
    f"/v1/tokens/<{SMALL_ROW_ID}:token_id>",
    scope=Scope.ADMIN,
    answers={HTTPStatus.NO_CONTENT: None, HTTPStatus.CONFLICT: Problem},
)
def delete_token(token_id: int) -> None:
    """Revoke a token immediately."""
    try:
        with current_context().database.write() as connection:
            access.revoke_token(connection, token_id, actor=current_principal().name, now=datetime.now(UTC))
    except access.UnknownTokenError as error:
        raise not_found("active token with this id") from error
    except access.EnvironmentTokenError as error:
        detail = "This token is defined in the settings. Change it there and run bootstrap, which revokes the old one."
        raise ProblemError(HTTPStatus.CONFLICT, "environment_token", detail) from error
