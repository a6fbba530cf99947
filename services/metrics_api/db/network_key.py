"""The network by which an address is counted, limited and trusted.

That is an IPv4 address itself and the prefix of an IPv6 address, since the owner of one IPv6 address has as many as
they want, all with the same beginning.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

SHORTEST_PREFIX, LONGEST_PREFIX = 48, 128
INDEXED_PREFIX = 64
"""The prefix by which `idx_attribution_events_ipv6_network` finds events."""
_INDEXED = f"network(set_masklen({{address}}, {INDEXED_PREFIX}))"


def network_key(given: str, ipv6_prefix: int) -> str:
    """The network that holds the address, or the network itself where it is wider: `203.0.113.7`, `2001:db8:1:2::/64`.

    Raises ValueError when it is neither an address nor a network.
    """
    network = ip_network(given)
    if isinstance(network, IPv6Network) and network.prefixlen > ipv6_prefix:
        network = network.supernet(new_prefix=ipv6_prefix)
    return format_network(network)


def key_of_address(address: IPv4Address | IPv6Address | None, ipv6_prefix: int) -> str:
    """The network that holds a client's address; all clients without one count together."""
    return "unknown" if address is None else network_key(str(address), ipv6_prefix)


def format_network(network: IPv4Network | IPv6Network) -> str:
    """The network as PostgreSQL writes it: a single address without its length."""
    is_single = network.prefixlen == network.max_prefixlen
    return str(network.network_address if is_single else network)


def build_network_key(address: str) -> str:
    """The key of an address in SQL; wants the value `ipv6_prefix`."""
    prefix = f"CAST(network(set_masklen({address}, CAST(:ipv6_prefix AS integer))) AS inet)"
    return f"CASE family({address}) WHEN 4 THEN {address} ELSE {prefix} END"


def build_last_address(network: str) -> str:
    """The last address of a network in SQL: behind all that is within it in the order of an index."""
    return f"set_masklen(broadcast({network}), CASE family({network}) WHEN 4 THEN 32 ELSE 128 END)"


def choose_condition(network: str, expression: str) -> str:
    """The one condition by which the events of this network are found; the expression is the network in SQL."""
    four, six, six_wide = _list_conditions(expression)
    known = ip_network(network)
    if known.version == 4:
        return four
    return six if known.prefixlen >= INDEXED_PREFIX else six_wide


def _list_conditions(network: str) -> tuple[str, str, str]:
    """Where the events of a network are: each condition belongs to an index, and all but one come to nothing at once.

    `network` is an expression that knows no event. The first two indexes end with the time; a network wider than the
    indexed prefix is found by its addresses.
    """
    of_event, of_network = (_INDEXED.format(address=each) for each in ("event.ip_address", network))
    return (
        f"family({network}) = 4 AND event.ip_address = {network}",
        f"""family({network}) = 6 AND masklen({network}) >= {INDEXED_PREFIX} AND family(event.ip_address) = 6
            AND {of_event} = {of_network} AND event.ip_address <<= {network}""",
        f"""masklen({network}) BETWEEN 33 AND {INDEXED_PREFIX - 1} AND event.ip_address >= {network}
            AND event.ip_address <= set_masklen(broadcast({network}), 128)""",
    )


def select_events(columns: str, network: str, condition: str) -> str:
    """The events of a network that meet a condition on `event`."""
    selected = f"SELECT {columns}"
    parts = (f"FROM attribution_events AS event WHERE {part} AND {condition}" for part in _list_conditions(network))
    return " UNION ALL ".join(f"{selected} {part}" for part in parts)
