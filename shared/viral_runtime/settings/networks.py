"""Allowed webhook targets: public addresses, and private ones that the settings allow."""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# IPv6 ranges that embed an IPv4 address (compatible, mapped, NAT64, 6to4 and Teredo), and ranges that Python considers
# public: site-local and segment-routing addresses, anycast addresses of the nearest router or relay, and the address of
# a cloud's own services (Azure's is public in every registry).
_IPV6 = (
    *("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"),
    *("fec0::/10", "3fff::/20", "5f00::/16"),
)
_IPV4 = ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")
_HIDDEN = [ipaddress.ip_network(cidr) for cidr in (*_IPV6, *_IPV4)]


def read_networks(text: str) -> list[Network]:
    """The networks of a comma-separated list. Raises ValueError if it is invalid."""
    return [ipaddress.ip_network(cidr.strip()) for cidr in text.split(",") if cidr.strip()]


def is_allowed(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether a webhook may go to an address: it is public, or its network is allowed."""
    if any(address in network for network in allowed):
        return True
    is_hidden = any(address in network for network in _HIDDEN)
    return address.is_global and not (address.is_multicast or address.is_reserved or is_hidden)
