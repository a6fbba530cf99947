"""Settings of the processes that work on queues. Rules and forms are those of `viral_runtime.settings.base`."""

from pathlib import Path

from pydantic import Field

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import RedisUrl


class WorkerSettings(EnvironmentSettings):
    """What every worker needs to run."""

    redis_url: RedisUrl
    heartbeat_file: Path | None = Field(
        None, description="File that a worker touches while it lives, for liveness probes. Without it none is touched."
    )
