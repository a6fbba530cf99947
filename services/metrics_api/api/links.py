"""Stores and deletes links."""

from collections.abc import Sequence
from datetime import UTC, datetime

from metrics_api.api.context import current_context
from metrics_api.api.writes import Writing, build_writes
from metrics_api.ingest.event_pii import replace_in_link
from metrics_api.ingest.late_items import Saved, take_links
from metrics_api.ingest.links import delete_links
from viral_contract.models.links import Link, LinkBatch, LinkItem


def _replace(link: LinkItem) -> LinkItem:
    return replace_in_link(link, current_context().pseudonyms)


def _save(items: Sequence[LinkItem]) -> Saved:
    context = current_context()
    with context.database.write() as connection:
        return take_links(connection, items, context.references.to_mark, now=datetime.now(UTC))


def _delete(link_id: str) -> bool:
    context = current_context()
    # Until its links are replaced, a new release finds those of the one before by the ids that they came with.
    names = {link_id, context.pseudonyms.replace(link_id).id}
    with context.database.write() as connection:
        return delete_links(connection, sorted(names)) > 0


links = build_writes(
    Writing(name="link", one=Link, item=LinkItem, batch=LinkBatch, keep=_replace, save=_save, delete=_delete),
)
