"""Networks that admins trust."""

from datetime import UTC, datetime
from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import invalid, not_found
from metrics_api.api.queries import ListQuery, read_page, split_page
from metrics_api.api.routing import Resource
from metrics_api.detection import trusted_networks as trust
from viral_contract.models.people import Scope
from viral_contract.models.problem import FieldError
from viral_contract.models.trusted_networks import Trust, TrustedNetwork, TrustedNetworksAnswer

trusted_networks = Resource("trusted_networks")
_NETWORK = "/v1/trusted-networks/<id:cidr>"


@trusted_networks.route(
    "GET", "/v1/trusted-networks", scope=Scope.ADMIN, answers={HTTPStatus.OK: TrustedNetworksAnswer}
)
def get_trusted_networks(query: ListQuery, connection: Connection) -> TrustedNetworksAnswer:
    """List trusted networks by address, including expired ones."""
    page = read_page(query, trust.CURSOR)
    rows = trust.fetch_trusted_networks(connection, page, _ipv6_prefix(), now=datetime.now(UTC))
    shown, next_cursor = split_page(page, trust.CURSOR, rows, "cidr")
    return TrustedNetworksAnswer(
        trusted_networks=shown,
        total_networks=trust.count_trusted_networks(connection, _ipv6_prefix()),
        next_cursor=next_cursor,
    )


@trusted_networks.route("GET", _NETWORK, scope=Scope.ADMIN, answers={HTTPStatus.OK: TrustedNetwork})
def get_trusted_network(cidr: str, connection: Connection) -> TrustedNetwork:
    """Get a trusted network: the reason, who added it, when, and until when."""
    network = _parse(cidr)
    return _found(trust.fetch_trusted_network(connection, network, _ipv6_prefix(), now=datetime.now(UTC)), network)


@trusted_networks.route(
    "PUT",
    _NETWORK,
    scope=Scope.ADMIN,
    answers={HTTPStatus.CREATED: TrustedNetwork, HTTPStatus.OK: TrustedNetwork},
)
def put_trusted_network(cidr: str, body: Trust) -> tuple[TrustedNetwork, HTTPStatus]:
    """Trust a network, in IPv6 the whole prefix: leave its clicks out of fraud flags, score and alerts."""
    network, prefix, now = _parse(cidr), _ipv6_prefix(), datetime.now(UTC)
    with current_context().database.write() as connection:
        actor = current_principal().name
        created = trust.save_trusted_network(connection, network, prefix, body, actor=actor, now=now)
        saved = _found(trust.fetch_trusted_network(connection, network, prefix, now=now), network)
    return saved, HTTPStatus.CREATED if created else HTTPStatus.OK


@trusted_networks.route("DELETE", _NETWORK, scope=Scope.ADMIN, answers={HTTPStatus.NO_CONTENT: None})
def delete_trusted_network(cidr: str) -> None:
    """Stop trusting a network."""
    network, prefix, now = _parse(cidr), _ipv6_prefix(), datetime.now(UTC)
    with current_context().database.write() as connection:
        actor = current_principal().name
        if not trust.delete_trusted_network(connection, network, prefix, actor=actor, now=now):
            raise not_found(f"trusted network {network}")


def _ipv6_prefix() -> int:
    return current_context().settings.detection.fraud_ipv6_prefix


def _parse(cidr: str) -> str:
    try:
        return trust.parse_network(cidr, _ipv6_prefix())
    except ValueError as error:
        raise invalid([FieldError(pointer="#cidr", detail=str(error))]) from error


def _found(network: TrustedNetwork | None, cidr: str) -> TrustedNetwork:
    if network is None:
        raise not_found(f"trusted network {cidr}")
    return network
