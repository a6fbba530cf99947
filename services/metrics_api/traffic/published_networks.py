"""Networks of datacenters, and of crawlers that publish theirs, from a file of the operator's."""

import hashlib
import ipaddress
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_DATE = re.compile(r"#.*?\b(\d{4}-\d\d-\d\d)\b")
_SHOWN_ERRORS = 5


class NetworkSet:
    """Addresses by their networks; finds one in the time that a bisection takes."""

    def __init__(self, networks: Iterable[Network]) -> None:
        ranges = sorted((each.version, int(each[0]), int(each[-1])) for each in _collapse(networks))
        self._starts = [(version, first) for version, first, _last in ranges]
        self._ends = [last for _version, _first, last in ranges]
        self._find = lru_cache(maxsize=16_384)(self._look_up)

    def __contains__(self, address: str) -> bool:
        return self._find(address)

    def __len__(self) -> int:
        return len(self._starts)

    def _look_up(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address)
        before = bisect_right(self._starts, (parsed.version, int(parsed))) - 1
        return before >= 0 and self._starts[before][0] == parsed.version and int(parsed) <= self._ends[before]


def _collapse(networks: Iterable[Network]) -> list[Network]:
    given = list(networks)
    four = [each for each in given if isinstance(each, ipaddress.IPv4Network)]
    six = [each for each in given if isinstance(each, ipaddress.IPv6Network)]
    return [*ipaddress.collapse_addresses(four), *ipaddress.collapse_addresses(six)]


@dataclass(frozen=True)
class PublishedNetworks:
    """What a file says: the networks of datacenters, those of named crawlers, and as of when."""

    datacentres: NetworkSet
    crawlers: dict[str, NetworkSet] = field(default_factory=dict)
    dated: date | None = None
    digest: str = ""

    def is_spoofed(self, user_agent: str, address: str) -> bool:
        """Whether the user agent names a crawler whose networks are known and do not hold the address."""
        named = user_agent.lower()
        claimed = [networks for crawler, networks in self.crawlers.items() if crawler in named]
        return bool(claimed) and not any(address in networks for networks in claimed)


def read_networks_file(path: Path) -> PublishedNetworks:
    """Read a file with a network a line, and after it the crawler's name where it is a crawler's.

    The first comment with a date says as of when. Raises ValueError that names the lines which are no networks, OSError
    where the file cannot be read.
    """
    content = path.read_text(encoding="utf-8")
    by_owner: dict[str, list[Network]] = defaultdict(list)
    wrong = []
    for number, line in enumerate(content.splitlines(), start=1):
        cidr, _space, owner = line.partition("#")[0].strip().partition(" ")
        try:
            if cidr:
                by_owner[owner.strip().lower()].append(ipaddress.ip_network(cidr))
        except ValueError:
            wrong.append(f"line {number}: {cidr[:60]}")
    if wrong:
        raise ValueError(f"{len(wrong)} lines are no networks in CIDR form, such as {'; '.join(wrong[:_SHOWN_ERRORS])}")
    dated = _DATE.search(content)
    return PublishedNetworks(
        datacentres=NetworkSet(by_owner.pop("", [])),
        crawlers={owner: NetworkSet(networks) for owner, networks in by_owner.items()},
        dated=date.fromisoformat(dated[1]) if dated else None,
        digest=hashlib.sha256(content.encode()).hexdigest()[:8],
    )
