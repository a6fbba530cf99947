"""Which network on a list holds another."""

from ipaddress import ip_network
from random import Random

import pytest

from metrics_api.detection.entity_lists import Networks


def test_the_narrowest_is_found_as_by_looking_at_each() -> None:
    random = Random(3)

    def draw() -> str:
        length, bits = random.choice([(random.randint(4, 12), 32), (random.randint(4, 12), 128)])
        address = random.getrandbits(length) << (bits - length)
        return str(ip_network((address, length)))

    listed = [draw() for _ in range(60)]
    networks, found = Networks(listed), 0
    for _ in range(500):
        wanted = ip_network(draw())
        holding = [each for each in map(ip_network, listed) if each.version == wanted.version]
        holders = sorted((each for each in holding if wanted.subnet_of(each)), key=lambda each: each.prefixlen)  # type: ignore[arg-type]
        assert networks.find(str(wanted)) == (str(holders[-1]) if holders else None)
        found += bool(holders)
    assert 50 < found < 450


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        Networks(["192.0.2.0/24"]).find("a name")
