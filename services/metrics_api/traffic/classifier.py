"""Decides which class of traffic a click or visit is; the first class that fits wins."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import NamedTuple

from metrics_api.traffic.crawlers import find_program
from metrics_api.traffic.published_networks import PublishedNetworks
from viral_contract.models.traffic import PEOPLE, TrafficClass

CLASSIFIER_VERSION = "2026.11.1"
"""Changes with every change of what this package decides."""
_CACHED = 16_384
# Every pattern of the lists looks through a user agent, and a sender chooses its length; those of browsers have 100-300
# characters.
_LONGEST_READ = 512
# Logs write a dash where there is no value.
_NONE_GIVEN = ("", "-")
_AHEAD = re.compile(r"prefetch|preview|prerender", re.IGNORECASE)


class Verdict(NamedTuple):
    """The class of a click or visit, and why."""

    traffic_class: TrafficClass
    reason: str | None

    @property
    def is_person(self) -> bool:
        """Whether it counts."""
        return self.traffic_class in PEOPLE


class Classifier:
    """Classifies by what a request said of itself, by the buyer's own apps and by published networks.

    Verdicts on texts are remembered, because a few thousand user agents send nearly all of the traffic.
    """

    def __init__(self, app_user_agents: Sequence[str] = (), networks: PublishedNetworks | None = None) -> None:
        self.app_user_agents = tuple(app_user_agents)
        self.networks = networks
        self._apps = [(given, given.lower().split("*")) for given in self.app_user_agents]
        self._by_texts = lru_cache(maxsize=_CACHED)(self._classify_texts)

    @property
    def version(self) -> str:
        """What verdicts depend on beside the event: equal versions decide alike."""
        apps = hashlib.sha256("\n".join(self.app_user_agents).encode()).hexdigest()[:8] if self._apps else "none"
        networks = f"{self.networks.dated or 'undated'} {self.networks.digest}" if self.networks else "none"
        lists = f"is-bot {version('is-bot')}, crawler-user-agents {version('crawler-user-agents')}"
        return f"{CLASSIFIER_VERSION}, {lists}, app user agents {apps}, datacentre networks {networks}"

    def classify(
        self, http_method: str | None, purpose: str | None, user_agent: str | None, ip_address: str | None
    ) -> Verdict:
        """The class of a click or visit with these fields."""
        verdict = self._by_texts(http_method, purpose, user_agent and user_agent[:_LONGEST_READ])
        if self.networks is None or ip_address is None:
            return verdict
        return _add_network(verdict, self.networks, user_agent or "", ip_address)

    def _classify_texts(self, http_method: str | None, purpose: str | None, user_agent: str | None) -> Verdict:
        if http_method and http_method.upper() == "HEAD":
            return Verdict("prefetch", "method: HEAD")
        if ahead := _AHEAD.search(purpose or ""):
            return Verdict("prefetch", f"purpose: {ahead[0].lower()}")
        if user_agent is None or user_agent.strip() in _NONE_GIVEN:
            return Verdict("unknown", None)
        named = user_agent.lower()
        app = next((given for given, parts in self._apps if _holds_in_order(named, parts)), None)
        if app is not None:
            return Verdict("human", f"app: {app}")
        program = find_program(user_agent)
        return Verdict(program.traffic_class, program.reason) if program else Verdict("human", None)


def _holds_in_order(named: str, parts: Sequence[str]) -> bool:
    """Whether the parts of a pattern follow one another; between them is any text.

    A regular expression would try every place of each part, and senders of user agents choose how many there are.
    """
    end = 0
    for part in parts:
        start = named.find(part, end)
        if start < 0:
            return False
        end = start + len(part)
    return True


def _add_network(verdict: Verdict, networks: PublishedNetworks, user_agent: str, ip_address: str) -> Verdict:
    """The verdict with what its network says: never another class."""
    if verdict.traffic_class in ("preview", "known_bot") and networks.is_spoofed(user_agent, ip_address):
        return verdict._replace(reason="spoofed_bot")
    if verdict.is_person and ip_address in networks.datacentres:
        return verdict._replace(reason="datacentre")
    return verdict
