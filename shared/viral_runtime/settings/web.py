"""Settings of the web server, and of the proxies in front of it."""

from functools import cached_property

from pydantic import Field

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import NetworkList
from viral_runtime.settings.networks import Network, read_networks


class WebServerSettings(EnvironmentSettings):
    """How both web services read requests and stop."""

    shutdown_drain_seconds: float = Field(
        0,
        ge=0,
        le=300,
        description="Seconds after SIGTERM in which a web service still serves but is no longer ready, so that proxies "
        "turn to another. Longer than they take to notice loses no request; 0 stops at once.",
    )
    request_read_seconds: float = Field(
        10,
        ge=1,
        le=120,
        description="Seconds within which a request has to come in, and one more for every 64 KiB of it. "
        "Longer lets slow clients hold more connections.",
    )


class ProxySettings(EnvironmentSettings):
    """Which proxies stand in front of the web services."""

    trusted_proxies: NetworkList = Field(
        "",
        description="Networks (CIDR, comma-separated) of the proxies whose X-Forwarded-For or Forwarded is believed. "
        "Name the proxies alone: everybody in a network can claim any address. "
        "Without them the address of the connection counts, behind a proxy that is the proxy's.",
    )

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """The networks of the proxies."""
        return tuple(read_networks(self.trusted_proxies))
