"""The client's address of a request behind proxies."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.request import parse_http_list

Network = IPv4Network | IPv6Network
_PORT = r"(?::[\w.-]+)?"
_NODE = re.compile(rf"\[(?P<six>[^\]]+)\]{_PORT}|(?P<four>[0-9.]+){_PORT}", re.ASCII)


def find_client_address(
    peer: str | None, forwarded_for: str | None, trusted: Iterable[Network], *, forwarded: str | None = None
) -> str | None:
    """The rightmost address that is not a trusted proxy's; None for a peer without one, as on a Unix socket.

    Every proxy appends its peer, so the client itself may have written anything further left. Without X-Forwarded-For,
    the `forwarded` header of RFC 7239 counts.
    """
    networks = tuple(trusted)
    address = parse_address(peer or "")
    for hop in reversed(forwarded_for.split(",") if forwarded_for else _read_forwarded(forwarded or "")):
        before = _parse_node(hop)
        if address is None or before is None or not any(address in network for network in networks):
            break
        address = before
    return str(address) if address else None


def parse_address(given: str) -> IPv4Address | IPv6Address | None:
    """The address in its canonical form, None if it is invalid."""
    try:
        address = ip_address(given)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _read_forwarded(header: str) -> list[str]:
    """Each proxy's peer: `for=192.0.2.1;proto=https, for="[2001:db8::1]:4711"`; nothing if it is hidden."""
    return [_find_for(element) for element in parse_http_list(header)]


def _find_for(element: str) -> str:
    pairs = (pair.partition("=") for pair in element.split(";"))
    return next((value for name, _, value in pairs if name.strip().lower() == "for"), "")


def _parse_node(given: str) -> IPv4Address | IPv6Address | None:
    """The address of a hop, which may have quotation marks, brackets and a port."""
    node = given.strip().strip('"')
    found = _NODE.fullmatch(node)
    return parse_address((found["six"] or found["four"]) if found else node)
