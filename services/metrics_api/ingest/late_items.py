"""Leaves out links and content that come too late: of a date that was purged, or of somebody who was erased since."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Connection

from metrics_api.ingest.content import PostedItem, save_content, split_items
from metrics_api.ingest.content_scan import Scan
from metrics_api.ingest.content_tables import STUDY_SESSIONS, ContentTable
from metrics_api.ingest.erased import NEVER, Erased, Key, Marker, fetch_newest, find_erased
from metrics_api.ingest.links import save_links
from metrics_api.ingest.locks import share_facts
from metrics_api.ingest.retained import fetch_retained
from viral_contract.models.links import LinkItem
from viral_contract.models.values import MAX_ID_LENGTH, normalize_id

_KINDS_OF_TEXTS = ("user", "session", "device")


@dataclass(frozen=True)
class Saved:
    """How many items are new, and how many were not stored because they come after a purge or an erasure."""

    created: int
    expired: int = 0
    erased: int = 0


def take_links(connection: Connection, links: Sequence[LinkItem], marker: Marker, *, now: datetime) -> Saved:
    """Store the links but those from before the erasure of their referrer.

    Of one that is posted without a time only its id can tell that it is such a link.
    """
    share_facts(connection)
    newest = fetch_newest(connection)
    suspects = [link for link in links if _is_before(link.inserted_at, newest)]
    keys = {key for link in suspects for key in (("link", link.id), ("user", link.referrer_id))}
    erased = find_erased(connection, keys, marker)
    timely = [link for link in links if not _is_erased_link(link, erased)]
    created = save_links(connection, timely, now=now) if timely else 0
    return Saved(created, erased=len(links) - len(timely))


def _is_before(at: datetime | None, newest: datetime) -> bool:
    return newest != NEVER and (at is None or at < newest)


def _is_erased_link(link: LinkItem, erased: Erased) -> bool:
    if link.inserted_at is None:
        return ("link", link.id) in erased and ("user", link.referrer_id) in erased
    return erased.is_from_before("user", link.referrer_id, link.inserted_at)


def take_content(
    connection: Connection,
    table: ContentTable,
    items: Sequence[PostedItem],
    scans: Mapping[str, Scan],
    marker: Marker,
    *,
    now: datetime,
) -> Saved:
    """Store the items but those of purged dates and those that mention somebody who was erased after their date.

    An item that was erased stays so, unless it is dated later. Study sessions lose only the participant.
    """
    share_facts(connection)
    kept_from = fetch_retained(connection).content_at
    recent = [item for item in items if item.inserted_at is None or item.inserted_at >= kept_from]
    newest = fetch_newest(connection)
    timely = [
        item for some in split_items(recent) for item in _leave_out_erased(connection, table, some, newest, marker)
    ]
    created = save_content(connection, table, timely, scans, now=now) if timely else 0
    return Saved(created, len(items) - len(recent), len(recent) - len(timely))


def _leave_out_erased(
    connection: Connection, table: ContentTable, items: Sequence[PostedItem], newest: datetime, marker: Marker
) -> list[PostedItem]:
    """Those that are to be stored, of so few items that their keys, many times their size, take little memory."""
    suspects = {item.id: list(_list_keys(table, item)) for item in items if _is_before(item.inserted_at, newest)}
    erased = find_erased(connection, {key for keys in suspects.values() for key in keys}, marker)
    if erased.times and table is STUDY_SESSIONS:
        return [_leave(item, erased) if item.id in suspects else item for item in items]
    return [item for item in items if not _is_erased(item, suspects.get(item.id, ()), erased)]


def _list_keys(table: ContentTable, item: PostedItem) -> Iterator[Key]:
    """The item itself, and what its texts and keys may be ids of; of one without a time the item tells enough."""
    yield table.kind, item.id
    if table.data is None:
        yield from (("user", each) for each in from_json(item.encoded)["participant_ids"])
    elif item.inserted_at is not None:
        for each in set(_list_texts(from_json(item.encoded)[table.data])):
            if len(each) <= MAX_ID_LENGTH:
                yield from ((kind, normalize_id(each)) for kind in _KINDS_OF_TEXTS)


def _list_texts(data: Any) -> Iterator[str]:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _is_erased(item: PostedItem, keys: Sequence[Key], erased: Erased) -> bool:
    if item.inserted_at is None:
        return any(key in erased for key in keys)
    return any(erased.is_from_before(*key, item.inserted_at) for key in keys)


def _leave(item: PostedItem, erased: Erased) -> PostedItem:
    """The study session without who was erased after its date; one without a time is known by its id."""
    if item.inserted_at is None and (STUDY_SESSIONS.kind, item.id) not in erased:
        return item
    posted = from_json(item.encoded)
    at = item.inserted_at
    gone = [
        each
        for each in posted["participant_ids"]
        if (("user", each) in erased if at is None else erased.is_from_before("user", each, at))
    ]
    remaining = [each for each in posted["participant_ids"] if each not in gone]
    return replace(item, encoded=to_json({**posted, "participant_ids": remaining})) if gone else item
