"""Every metric and event of ours is explained in docs/metrics.md, and the page names no other."""

import re
from importlib import import_module
from pathlib import Path
from typing import get_args

from prometheus_client.parser import text_string_to_metric_families

from tests.support.api_fixtures import Api
from viral_runtime.observe.telemetry import EventName

ROOT = Path(__file__).parents[3]
_PAGE = (ROOT / "docs" / "metrics.md").read_text()
_OURS = re.compile(r"(viral_engine|flask)_.+(?<!_created)")
# Without what a histogram's series end in.
_NAMED = re.compile(r"\b(viral_engine_[a-z0-9_]+?)(?:_bucket|_sum|_count)?\b")
_SUFFIXES = {"counter": "_total"}


def _list_rows(name: str) -> set[str]:
    return set(re.findall(rf"^\| `({name})` \|", _PAGE, re.MULTILINE))


def _register_metrics_of_every_process() -> None:
    """Import every module that makes metrics, whichever process it belongs to."""
    for path in [*ROOT.glob("services/**/*.py"), *ROOT.glob("shared/**/*.py")]:
        if "prometheus_client" in path.read_text():
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts[1:]))


def test_every_metric_is_documented_and_every_documented_one_exists(api: Api) -> None:
    _register_metrics_of_every_process()
    api.read("/healthz")
    served = text_string_to_metric_families(api.get("/metrics").get_data(as_text=True))
    names = {family.name + _SUFFIXES.get(family.type, "") for family in served}
    assert _list_rows(r"\w+") == {name for name in names if _OURS.fullmatch(name)}


def test_every_metric_that_any_page_names_exists() -> None:
    """Whoever follows a page looks for what it names; /metrics serves what the page of metrics lists."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    named = {name for page in pages for name in _NAMED.findall(page.read_text())}
    assert named - _list_rows(r"\w+") == set()


def test_every_event_is_documented_and_every_documented_one_exists() -> None:
    assert _list_rows(r"viral_engine\.[\w.]+") == set(get_args(EventName))
