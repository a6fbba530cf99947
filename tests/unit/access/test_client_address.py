"""Whose address counts, with proxies that are believed and headers that anybody can write."""

from ipaddress import ip_network

import pytest

from viral_engine.client_address import find_client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "192.0.2.1", "203.0.113.7"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.9, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.9, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "192.0.2.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:DB8::1", "2001:db8::1"),
        ("fd00::1", "::ffff:192.0.2.1", "192.0.2.1"),
        ("", "192.0.2.1", None),
        (None, None, None),
    ],
)
def test_the_rightmost_address_that_is_no_proxy_counts(
    peer: str | None, forwarded_for: str | None, address: str | None
) -> None:
    assert find_client_address(peer, forwarded_for, PROXIES) == address


def test_without_proxies_a_header_means_nothing() -> None:
    assert find_client_address("10.0.0.1", "192.0.2.1", ()) == "10.0.0.1"
