"""Parses what an admin puts on a list into the form in which events are stored."""

from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network

from pydantic import TypeAdapter, ValidationError

from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.db.event_types import USER_AGENT_CHARACTERS
from metrics_api.db.network_key import network_key
from viral_contract.models.entity_lists import ListKind
from viral_contract.models.problem import format_sentence
from viral_contract.models.values import RequiredId, check_text

_ID: TypeAdapter[str] = TypeAdapter(RequiredId)
_WIDEST = {4: 8, 6: 32}
_MAPPED_BITS = 96


def parse_value(kind: ListKind, given: str, ipv6_prefix: int, pseudonyms: Pseudonyms) -> str:
    """The value as events of its kind are stored. Raises ValueError with a sentence for what no event can have."""
    if kind == "network":
        return parse_network(given, ipv6_prefix)
    if kind == "user_agent":
        return pseudonyms.replace_text(_parse_user_agent(given))
    return pseudonyms.replace(_parse_id(kind, given)).id


def _parse_id(kind: ListKind, given: str) -> str:
    try:
        return _ID.validate_python(given)
    except ValidationError as error:
        raise ValueError(f"The id of a {kind} {format_sentence(error.errors()[0])}") from error


def _parse_user_agent(given: str) -> str:
    try:
        check_text(given)
    except ValueError as error:
        raise ValueError(f"A user agent {error}") from error
    if len(given) > USER_AGENT_CHARACTERS:
        raise ValueError(
            f"A user agent is compared by its first {USER_AGENT_CHARACTERS} characters; this one has {len(given)}"
        )
    return given


def parse_network(given: str, ipv6_prefix: int) -> str:
    """The network in its canonical form, with its length; within IPv6, at least what is counted as one network.

    Raises ValueError with a sentence when it is none, has host bits set, or is too wide to be anybody's own.
    """
    try:
        interface = ip_interface(given)
    except ValueError as error:
        raise ValueError(f"{given} is not an IP address or a network such as 203.0.113.0/24") from error
    if "%" in given:
        raise ValueError(f"{given} names a zone, which only one machine knows")
    network = interface.network
    if interface.ip != network.network_address:
        raise ValueError(f"{given} has bits set beyond its prefix. The network is {network}")
    plain = without_mapping(network)
    widest = _WIDEST[plain.version]
    if plain.prefixlen < widest:
        raise ValueError(f"{given} is too wide. The largest IPv{plain.version} network on a list is a /{widest}")
    return str(ip_network(network_key(str(plain), ipv6_prefix)))


def without_mapping(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """An IPv4 network in IPv6 clothes is an IPv4 network, as it is with addresses of events."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
