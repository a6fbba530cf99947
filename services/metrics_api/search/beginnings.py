"""Which addresses begin with a text, as ranges that an index holds in order."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address
_V4_BEGINNING = re.compile(r"\d{1,3}(?:\.\d{1,3}){0,3}\.?")


def list_ranges(beginning: str) -> list[tuple[Address, Address]]:
    """The addresses that begin with this text, an address or a network, as ranges; none for any other text."""
    try:
        network = ip_network(beginning, strict=False)
    except ValueError:
        return _list_beginnings(beginning)
    own: list[tuple[Address, Address]] = [(network[0], network[-1])]
    is_address = "/" not in beginning and network.version == 4
    return own + (_list_longer(beginning) if is_address else [])


def _list_beginnings(beginning: str) -> list[tuple[Address, Address]]:
    if _V4_BEGINNING.fullmatch(beginning):
        octets = beginning.rstrip(".").split(".")
        if beginning.endswith(".") and len(octets) < 4:
            return _list_network(".".join([*octets, *["0"] * (4 - len(octets))]), 8 * len(octets))
        padded = [".".join([*octets[:-1], longer, *["0"] * (4 - len(octets))]) for longer in _lengthen(octets[-1])]
        return [each for address in padded for each in _list_network(address, 8 * len(octets))]
    groups = beginning.rstrip(":").split(":")
    if ":" in beginning and "::" not in beginning and len(groups) < 8:
        return _list_network(":".join(groups) + "::", 16 * len(groups))
    return []


def _list_longer(address: str) -> list[tuple[Address, Address]]:
    """The addresses whose last number begins with that of this one."""
    first, _, last = address.rpartition(".")
    return [(ip_address(f"{first}.{each}"),) * 2 for each in _lengthen(last) if each != last]


def _lengthen(octet: str) -> list[str]:
    return [str(number) for number in range(256) if str(number).startswith(octet)]


def _list_network(address: str, bits: int) -> list[tuple[Address, Address]]:
    try:
        network = ip_network(f"{address}/{bits}")
    except ValueError:
        return []
    return [(network[0], network[-1])]
