"""Settings of both web services. Rules and forms are those of `viral_engine.settings`."""

from pydantic import Field

from viral_engine.settings import EnvironmentSettings


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
