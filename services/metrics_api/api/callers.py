"""Where a request comes from, and how much more the API takes from there."""

from http import HTTPStatus

from flask import g, request

from metrics_api.access.principal import Principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError
from viral_contract.client.connection import CLIENT_ADDRESS_HEADER
from viral_contract.models.people import Scope
from viral_runtime.web.client_address import find_client_address, find_network, parse_address


def find_address() -> str | None:
    """The address of who connected, as far as the configured proxies can be believed."""
    forwarded_for, forwarded = (",".join(request.headers.getlist(name)) for name in ("X-Forwarded-For", "Forwarded"))
    networks = current_context().settings.access.proxies.networks
    return find_client_address(request.remote_addr, forwarded_for, networks, forwarded=forwarded)


def find_person_address(holder: Principal) -> str | None:
    """The address of the person for whom the dashboard asks; only its token is believed about that."""
    if Scope.SESSIONS_WRITE not in holder.scopes:
        return None
    told = parse_address(request.headers.get(CLIENT_ADDRESS_HEADER, ""))
    return str(told) if told else None


def current_address() -> str | None:
    """Where the request in hand comes from."""
    address: str | None = g.address
    return address


def current_network() -> str:
    """Whose requests count together with the one in hand."""
    return find_network(current_address())


def count_request(caller: str) -> None:
    """Count a request of this caller. Raises ProblemError 429 when there were too many."""
    check_wait(current_context().limits.count_request(caller))


def check_wait(seconds: int | None) -> None:
    """Raise ProblemError 429 when somebody has to wait."""
    if seconds is not None:
        detail = f"There were too many attempts; try again in {seconds} seconds."
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", detail, retry_after=seconds)
