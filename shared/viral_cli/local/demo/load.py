"""Loads the demo data like every other service: through the metrics API."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from viral_cli.local.demo.content import generate_content
from viral_cli.local.demo.month import generate_month
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.writes import ItemsSaved

BATCH_SIZE = 5_000

Answer = TypeVar("Answer")
Items = list[dict[str, Any]]


def load_demo(api: MetricsApi, now: datetime, report: Callable[[str], None]) -> None:
    """Send a month of viral growth that ends at `now` (UTC), and return a summary.

    Loading again changes nothing; loading on a later day adds the days since. Raises the client's errors.
    """
    month = generate_month(now)
    _save(api.save_links, month.links, "links", report)
    answers = list(_post(api.save_events, month.events))
    new = sum(answer.accepted for answer in answers)
    report(f"Demo data: {len(month.events):,} events, {new:,} of them new")
    _load_content(api, now, report)


def _load_content(api: MetricsApi, now: datetime, report: Callable[[str], None]) -> None:
    content = generate_content(now)
    _save(api.save_parent_shares, content.parent_shares, "parent shares", report)
    _save(api.save_progress_reels, content.progress_reels, "progress reels", report)
    _save(api.save_study_sessions, content.study_sessions, "study sessions", report)


def _save(save: Callable[[Items], ItemsSaved], items: Items, name: str, report: Callable[[str], None]) -> None:
    new = sum(answer.created for answer in _post(save, items))
    report(f"Demo data: {len(items):,} {name}, {new:,} of them new")


def _post(save: Callable[[Items], Answer], items: Items) -> Iterator[Answer]:
    for start in range(0, len(items), BATCH_SIZE):
        yield save(items[start : start + BATCH_SIZE])
