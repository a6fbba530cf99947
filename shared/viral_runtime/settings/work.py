"""Settings of queue workers."""

from pathlib import Path

from pydantic import Field

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import RedisUrl


class WorkerSettings(EnvironmentSettings):
    """Every worker."""

    redis_url: RedisUrl
    heartbeat_file: Path | None = Field(
        None,
        description="File that a worker touches while it is alive, for liveness probes. Without it, no file is "
        "touched.",
    )
