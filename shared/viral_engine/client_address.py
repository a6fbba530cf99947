"""Whose address a request comes from, when there may be proxies in between."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

CLIENT_ADDRESS_HEADER = "X-Client-Address"
"""Where the dashboard tells the API the address of the person for whom it asks."""

Network = IPv4Network | IPv6Network


def find_client_address(peer: str | None, forwarded_for: str | None, trusted: Iterable[Network]) -> str | None:
    """The rightmost address that is no trusted proxy's, None for a peer without address, as on a Unix socket.

    Every proxy appends whom it heard from, so what stands further left was written by the client itself.
    """
    networks = tuple(trusted)
    address = parse_address(peer or "")
    for hop in reversed((forwarded_for or "").split(",")):
        before = parse_address(hop.strip())
        if address is None or before is None or not any(address in network for network in networks):
            break
        address = before
    return str(address) if address else None


def parse_address(given: str) -> IPv4Address | IPv6Address | None:
    """The address in its canonical form, None when it is none."""
    try:
        address = ip_address(given)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
