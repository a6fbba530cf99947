"""Takes links."""

from collections.abc import Sequence
from datetime import UTC, datetime

from metrics_api.api.services import services
from metrics_api.api.writes import Writing, build_writes
from metrics_api.ingest import links as ingest
from viral_engine.contract.links import Link, LinkBatch, LinkItem


def _save(items: Sequence[LinkItem]) -> int:
    with services().database.write() as connection:
        return ingest.save_links(connection, items, now=datetime.now(UTC))


def _delete(link_id: str) -> bool:
    with services().database.write() as connection:
        return ingest.delete_link(connection, link_id)


links = build_writes(
    Writing(name="link", one=Link, item=LinkItem, batch=LinkBatch, keep=lambda link: link, save=_save, delete=_delete),
)
