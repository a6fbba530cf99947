"""Fills an empty local stack, once."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from viral_cli.local.demo import load_demo
from viral_contract.client.metrics_api import MetricsApi

_DAYS_LOOKED_AT = 366


def load_demo_when_empty(api: MetricsApi, unfinished: Path, *, now: datetime, report: Callable[[str], None]) -> None:
    """Load the demo data if there is no event yet, or if a load was interrupted.

    `unfinished` keeps the time of a load that has begun: the same time makes the same ids, so going on adds only
    what is missing.
    """
    if unfinished.exists():
        now = datetime.fromisoformat(unfinished.read_text())
    elif api.fetch_health(days=_DAYS_LOOKED_AT).has_data:
        return
    unfinished.write_text(now.isoformat())
    load_demo(api, now=now, report=report)
    api.evaluate_now()  # Or the first page that is opened would show no alert for up to a minute.
    unfinished.unlink()
