"""Settings of traffic classes: whose clicks are a person's."""

from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from metrics_api.traffic.published_networks import PublishedNetworks, read_networks_file
from viral_runtime.settings.base import EnvironmentSettings


def _check_networks_file(path: Path | None) -> Path | None:
    """Refuse a file that cannot be read or holds anything but networks."""
    if path is not None:
        try:
            read_networks_file(path)
        except (OSError, ValueError) as error:
            raise ValueError(f"DATACENTRE_NETWORKS_FILE is {path}: {error}") from error
    return path


class TrafficSettings(EnvironmentSettings):
    """Traffic classes."""

    app_user_agents: str = Field(
        "",
        description="Parts of your apps' user agents, such as LearnLoop/, separated by commas; * stands for any text. "
        "Clicks with one of them always count as people's, even if the app uses a plain HTTP library. A change "
        "classifies the kept events again.",
        json_schema_extra={"valid": "parts of user agents, separated by commas, or nothing"},
    )
    datacentre_networks_file: Annotated[Path | None, AfterValidator(_check_networks_file)] = Field(
        None,
        description="File of datacenter networks, one in CIDR form per line; a crawler's name after it makes it one of "
        "the networks that crawler publishes. A comment with a date (# 2026-11-24) says as of when. Clicks from "
        "there get the reason datacentre or spoofed_bot, never another class. Without a file, no click gets either.",
        json_schema_extra={"valid": "the path of a readable file of networks, or nothing"},
    )

    @cached_property
    def app_patterns(self) -> list[str]:
        """The parts of user agents, one by one."""
        return [part.strip() for part in self.app_user_agents.split(",") if part.strip()]

    @cached_property
    def networks(self) -> PublishedNetworks | None:
        """What the file says."""
        return read_networks_file(self.datacentre_networks_file) if self.datacentre_networks_file else None
