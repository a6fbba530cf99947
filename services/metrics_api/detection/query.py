"""What every detector needs to know about the request."""

from dataclasses import dataclass
from datetime import datetime

from metrics_api.access.identifiers import References, mask_device, mask_ip_address, mask_network, mask_user_agent
from metrics_api.db.paging import Page
from metrics_api.settings.detection import DetectionSettings
from viral_contract.models.period import Period


@dataclass(frozen=True)
class Identifiers:
    """How this caller sees addresses and fingerprints: whole or masked."""

    references: References
    whole: bool

    def show_ip_address(self, ip_address: str) -> str:
        """The address, or the network it lies in."""
        return ip_address if self.whole else mask_ip_address(ip_address)

    def show_network(self, cidr: str) -> str:
        """The network, or a wider one it lies in."""
        return cidr if self.whole else mask_network(cidr)

    def show_device(self, fingerprint: str) -> str:
        """The fingerprint, or its beginning."""
        return fingerprint if self.whole else mask_device(fingerprint)

    def show_user(self, user_id: str) -> str:
        """The id of who acted, or its beginning."""
        return user_id if self.whole else mask_device(user_id)

    def show_user_agent(self, user_agent: str) -> str:
        """The user agent, or the names of its products."""
        return user_agent if self.whole else mask_user_agent(user_agent)


COMPONENT_ROWS = Page(limit=10)
"""How much of a list is shown where it is a part of another answer."""


@dataclass(frozen=True)
class Query:
    """One read of the guardrails: which dates, which thresholds, when, for which viewer and which page."""

    period: Period
    settings: DetectionSettings
    now: datetime
    identifiers: Identifiers
    page: Page

    def used(self, *names: str) -> dict[str, int | float]:
        """The named thresholds as they were used."""
        return {name: getattr(self.settings, name) for name in names}


def build_masked_query(
    period: Period, settings: DetectionSettings, references: References, *, now: datetime, page: Page = COMPONENT_ROWS
) -> Query:
    """A read whose answer never shows a whole identifier, so that there is nothing to audit."""
    return Query(period, settings, now, Identifiers(references, whole=False), page)
