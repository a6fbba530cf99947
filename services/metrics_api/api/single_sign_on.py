"""Single sign-on, for the dashboard: the browser goes to the provider and comes back with a code."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import structlog

from metrics_api.access import sign_in
from metrics_api.access import single_sign_on as access
from metrics_api.access.open_id import OpenIdProvider, ProviderUnavailableError, SignOnRefusedError, read_person
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError
from metrics_api.api.routing import Resource
from viral_contract.models.people import Scope, SessionCreated
from viral_contract.models.single_sign_on import SingleSignOnRequest, SingleSignOnReturn, SingleSignOnStarted

single_sign_on = Resource("single_sign_on")
_RETRY_SECONDS = 10
_log = structlog.get_logger()


@single_sign_on.route(
    "POST", "/v1/single-sign-on", scope=Scope.SESSIONS_WRITE, answers={HTTPStatus.OK: SingleSignOnStarted}
)
def start_single_sign_on(body: SingleSignOnRequest) -> SingleSignOnStarted:
    """Start single sign-on: where to send the browser."""
    with _refusals():
        references, redirect_uri = current_context().references, str(body.redirect_uri)
        return access.start_flow(_provider(), references, redirect_uri, now=datetime.now(UTC))


@single_sign_on.route(
    "POST",
    "/v1/single-sign-on/sessions",
    scope=Scope.SESSIONS_WRITE,
    answers={HTTPStatus.CREATED: SessionCreated},
)
def finish_single_sign_on(body: SingleSignOnReturn) -> tuple[SessionCreated, HTTPStatus]:
    """Finish single sign-on and start a session."""
    context, now = current_context(), datetime.now(UTC)
    with _refusals():
        secrets, redirect_uri = access.open_flow(context.references, body.flow, body.state, now=now)
        claims = _provider().fetch_claims(body.code, redirect_uri, secrets)
        settings = context.settings.access.single_sign_on
        signed_on, role = read_person(claims), access.find_role(claims, settings)
        keeps = settings.keeps_password(signed_on.email)
        with context.database.write() as connection:
            account = access.save_signed_on(connection, signed_on, role, keeps_password=keeps, now=now)
            lifetime = timedelta(hours=context.settings.api.session_hours)
            created = sign_in.save_session(connection, account, by=access.ACTOR, now=now, lifetime=lifetime)
        if created is None:
            raise SignOnRefusedError("Your account was just changed. Sign in again.")
    return created, HTTPStatus.CREATED


def _provider() -> OpenIdProvider:
    provider = current_context().provider
    if provider is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "single_sign_on_off", "Single sign-on is not configured.")
    return provider


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except SignOnRefusedError as error:
        _log.warning("single_sign_on_refused", reason=str(error))
        raise ProblemError(HTTPStatus.FORBIDDEN, "single_sign_on_refused", str(error)) from error
    except ProviderUnavailableError as error:
        _log.error("single_sign_on_unavailable", reason=str(error))
        detail = "The single sign-on provider is not responding. Try again."
        status = HTTPStatus.SERVICE_UNAVAILABLE
        raise ProblemError(status, "provider_unavailable", detail, retry_after=_RETRY_SECONDS) from error
