"""Every metric and event of ours is explained in docs/metrics.md, and the page names no other."""

import re
from pathlib import Path
from typing import get_args

from prometheus_client.parser import text_string_to_metric_families

import dashboard.cache  # noqa: F401 - these register the metrics of the other processes.
import metrics_api.reconciler.loop  # noqa: F401
import viral_engine.queue_worker  # noqa: F401
from tests.api_fixtures import Api
from viral_engine.telemetry import EventName

_PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
_OURS = re.compile(r"(viral_engine|flask)_.+(?<!_created)")
_SUFFIXES = {"counter": "_total"}


def _list_rows(name: str) -> set[str]:
    return set(re.findall(rf"^\| `({name})` \|", _PAGE, re.MULTILINE))


def test_every_metric_is_documented_and_every_documented_one_exists(api: Api) -> None:
    api.read("/healthz")
    served = text_string_to_metric_families(api.get("/metrics").get_data(as_text=True))
    names = {family.name + _SUFFIXES.get(family.type, "") for family in served}
    assert _list_rows(r"\w+") == {name for name in names if _OURS.fullmatch(name)}


def test_every_event_is_documented_and_every_documented_one_exists() -> None:
    assert _list_rows(r"viral_engine\.[\w.]+") == set(get_args(EventName))
