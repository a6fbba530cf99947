"""Settings of the web server and the proxies in front of it."""

from functools import cached_property

from pydantic import Field

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import NetworkList
from viral_runtime.settings.networks import Network, read_networks


class WebServerSettings(EnvironmentSettings):
    """Web server of both web services."""

    shutdown_drain_seconds: float = Field(
        0,
        ge=0,
        le=300,
        description="Seconds after SIGTERM in which a web service still serves but is no longer ready, so that "
        "proxies switch to another. Longer than the proxies need loses no requests; 0 stops at once.",
    )
    request_read_seconds: float = Field(
        10,
        ge=1,
        le=120,
        description="Seconds in which a request must arrive, plus one for every 64 KiB. Longer lets slow clients "
        "hold more connections.",
    )


class ProxySettings(EnvironmentSettings):
    """Proxies in front of the web services."""

    trusted_proxies: NetworkList = Field(
        "",
        description="Networks (CIDR, comma-separated) of the proxies whose X-Forwarded-For or Forwarded is "
        "trusted. List only the proxies: anyone in a listed network can claim any address. Without "
        "them, the connection's address counts, which behind a proxy is the proxy's.",
    )

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """The networks of the proxies."""
        return tuple(read_networks(self.trusted_proxies))
