"""What people say about violations: removed, or a false positive."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, Row, text

from metrics_api.access.audit import save_audit_entry
from metrics_api.ingest.content_facts import keep_facts
from metrics_api.ingest.content_tables import CONTENT_TABLES, ContentTable
from metrics_api.pii_scanner.coppa_rule import MEDIA_WITHOUT_CONSENT
from viral_contract.models.violations import ViolationResolution

_PLACE = text("SELECT content_kind, content_id FROM violations WHERE id = :id")
_RESOLVE = text("""
    UPDATE violations SET resolution = :resolution, note = :note, resolved_by = :by, resolved_at = :now
    WHERE id = :id AND resolution IS NULL
""")
# Another value is another finding: it was found just now, and nobody was asked to hide it yet.
_REOPEN = text("""
    UPDATE violations SET resolution = NULL, note = NULL, resolved_by = NULL, resolved_at = NULL,
        takedown_asked_at = NULL, found_at = :now
    WHERE id = ANY(:ids)
""")


class UnknownViolationError(Exception):
    """There is no violation with this id, or there is none any more."""


class AlreadyResolvedError(Exception):
    """Somebody has said before what became of this violation."""


def save_resolution(
    connection: Connection, violation_id: int, request: ViolationResolution, *, actor: str, now: datetime
) -> None:
    """Note what became of a violation, and who said so. Raises UnknownViolationError or AlreadyResolvedError."""
    place = _fetch_place(connection, violation_id)
    resolved = {"id": violation_id, "resolution": request.resolution, "note": request.note, "by": actor, "now": now}
    with keep_facts(connection, CONTENT_TABLES[place.content_kind], [place.content_id]):
        if connection.execute(_RESOLVE, resolved).rowcount == 0:
            _fetch_place(connection, violation_id)
            raise AlreadyResolvedError
    save_audit_entry(
        connection,
        actor=actor,
        action="resolve_violation",
        subject=f"violation:{violation_id}",
        details={**request.model_dump(), **place._mapping},
        after={"resolution": request.resolution},
        now=now,
    )


def _fetch_place(connection: Connection, violation_id: int) -> Row[Any]:
    """Which item it is in. It may be gone the next moment, when the item is replaced."""
    place = connection.execute(_PLACE, {"id": violation_id}).one_or_none()
    if place is None:
        raise UnknownViolationError
    return place


def reopen_changed(connection: Connection, table: ContentTable, items: Mapping[str, bytes], *, now: datetime) -> None:
    """Reopen what was called a false positive where the value is about to be replaced by another one.

    A masked sample looks the same for many values, so it cannot tell; `items` are the new ones in JSON, not yet stored.
    """
    statement = text(f"""
        SELECT known.id, content_id, type, path, item.{table.data}, item.media
        FROM violations AS known JOIN {table.name} AS item ON item.{table.key} = content_id
        WHERE content_kind = :kind AND content_id = ANY(:ids) AND resolution = 'false_positive'
    """)
    judged = connection.execute(statement, {"kind": table.kind, "ids": list(items)}).all()
    changed = [row.id for row in judged if _is_changed(table, row, items[row.content_id])]
    if changed:
        connection.execute(_REOPEN, {"ids": changed, "now": now})


def _is_changed(table: ContentTable, judged: Row[Any], item: bytes) -> bool:
    return _value(table, judged, judged._asdict()) != _value(table, judged, from_json(item))


def _value(table: ContentTable, place: Row[Any], item: Mapping[str, Any]) -> object:
    if place.type == MEDIA_WITHOUT_CONSENT:
        return _look_up({"media": item["media"]}, place.path)
    return _look_up(item[str(table.data)], place.path)


def _look_up(document: object, path: str) -> object:
    """The value that an RFC 6901 pointer leads to, or the whole document where it leads nowhere."""
    value = document
    for token in path.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]  # type: ignore[index]
        except (LookupError, ValueError, TypeError):
            return document
    return value
