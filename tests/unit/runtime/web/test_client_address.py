"""Whose address counts, with proxies that are believed and headers that anybody can write."""

from ipaddress import ip_network

import pytest

from viral_runtime.web.client_address import find_client_address

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


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ('"[2001:db8::7]:4711"', "2001:db8::7"),
        ("[::ffff:203.0.113.7]:4711", "203.0.113.7"),
        (" 203.0.113.7:4711 ", "203.0.113.7"),
        ("198.51.100.1:1, 203.0.113.7:4711, 10.0.0.9:80", "203.0.113.7"),
        ("203.0.113.7:4711, [fd00::9]:80", "203.0.113.7"),
        ("203.0.113.7:", "10.0.0.1"),
        ("203.0.113.7:4711:1", "10.0.0.1"),
        ("[203.0.113", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
    ],
)
def test_a_hop_may_have_a_port_brackets_and_quotation_marks(hop: str, address: str) -> None:
    assert find_client_address("10.0.0.1", hop, PROXIES) == address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("for=203.0.113.7", "203.0.113.7"),
        ("For=203.0.113.7;proto=https;by=10.0.0.2", "203.0.113.7"),
        ('proto=https; FOR="[2001:db8::7]:4711"', "2001:db8::7"),
        ('for=198.51.100.1, for="203.0.113.7:4711", for=10.0.0.9', "203.0.113.7"),
        ('for=203.0.113.7;host="a,b"', "203.0.113.7"),
        ("for=203.0.113.7, for=_hidden", "10.0.0.1"),
        ("for=unknown", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
    ],
)
def test_the_header_of_rfc_7239_counts_where_it_is_alone(forwarded: str, address: str) -> None:
    assert find_client_address("10.0.0.1", "", PROXIES, forwarded=forwarded) == address
    assert find_client_address("10.0.0.1", "192.0.2.1", PROXIES, forwarded=forwarded) == "192.0.2.1"
    assert find_client_address("203.0.113.9", None, PROXIES, forwarded=forwarded) == "203.0.113.9"
