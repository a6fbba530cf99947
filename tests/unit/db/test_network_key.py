"""Which addresses count together."""

import pytest

from metrics_api.db.network_key import key_of_address, network_key
from viral_runtime.web.client_address import parse_address


@pytest.mark.parametrize(
    ("address", "prefix", "network"),
    [
        ("203.0.113.7", 64, "203.0.113.7"),
        ("::ffff:203.0.113.7", 64, "203.0.113.7"),
        ("2001:db8:1:4:ffff::9", 64, "2001:db8:1:4::/64"),
        ("2001:db8:1:4:ffff::9", 56, "2001:db8:1::/56"),
        ("2001:db8:1:4:ffff::9", 48, "2001:db8:1::/48"),
        ("2001:db8:1:4:ffff::9", 80, "2001:db8:1:4:ffff::/80"),
        ("2001:db8:1:4:ffff::9", 128, "2001:db8:1:4:ffff::9"),
        ("", 64, "unknown"),
    ],
)
def test_ipv6_addresses_that_begin_alike_count_together(address: str, prefix: int, network: str) -> None:
    assert key_of_address(parse_address(address), prefix) == network


@pytest.mark.parametrize(
    ("given", "network"),
    [
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:8000::/65", "2001:db8:1:2::/64"),
    ],
)
def test_a_wider_network_stays_as_wide(given: str, network: str) -> None:
    assert network_key(given, 64) == network


@pytest.mark.parametrize("given", ["lakeside", "203.0.113.7/24", "2001:db8::1/64"])
def test_what_is_no_network_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"network|bits"):
        network_key(given, 64)
