"""Leaves out events that come too late: dated before what was purged, or of a subject that was erased since."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import unquote_plus

from sqlalchemy import Connection, text

from metrics_api.ingest.erased import NEVER, Erased, Key, Marker, find_erased
from metrics_api.ingest.retained import begin
from viral_contract.models.events import Event
from viral_contract.models.values import normalize_id

# Whose events an erasure deletes; those that are only credited to it lose the name.
_OWN = {"user_id": "user", "session_id": "session", "device_fingerprint": "device", "ip_address": "ip_address"}
_LIMITS = text("""
    SELECT (SELECT max(events_from) FROM purges) AS events_from, (SELECT max(erased_at) FROM erasures) AS erased_at
""")


@dataclass(frozen=True)
class Timely:
    """The events to store, and how many of the others were dated before what was purged or of somebody erased."""

    events: Sequence[Event]
    expired: int
    erased: int


def leave_out_late(connection: Connection, events: Sequence[Event], marker: Marker, *, now: datetime) -> Timely:
    """Tell the events that come too late from the others. Writers of purges and erasures must be kept out."""
    limits = connection.execute(_LIMITS).one()
    kept_from, newest = begin(limits.events_from or date.min), limits.erased_at or NEVER
    recent = [event for event in events if (event.occurred_at or now) >= kept_from]
    # What has no time gets that of now, and may all the same be a retry of what was erased.
    suspects = [event for event in recent if event.occurred_at is None or event.occurred_at < newest]
    erased = find_erased(connection, {key for event in suspects for key in _list_keys(event)}, marker)
    if not erased.times:
        return Timely(recent, len(events) - len(recent), 0)
    stored = [_forget_credit(event, erased, now) for event in recent if not _is_erased(event, erased, now)]
    return Timely(stored, len(events) - len(recent), len(recent) - len(stored))


def _list_keys(event: Event) -> Iterator[Key]:
    values = event.__dict__
    for name, kind in {**_OWN, "referrer_id": "user"}.items():
        if values[name] is not None:
            yield kind, values[name]
    if event.event_id is not None:
        yield "event", str(event.event_id)


def _is_erased(event: Event, erased: Erased, now: datetime) -> bool:
    if event.occurred_at is None and ("event", str(event.event_id)) in erased:
        return True
    values, at = event.__dict__, event.occurred_at or now
    return any(erased.is_from_before(kind, values[name], at) for name, kind in _OWN.items())


def _forget_credit(event: Event, erased: Erased, now: datetime) -> Event:
    """The event without its referrer where that was erased since, and without what may name it once more."""
    if not erased.is_from_before("user", event.referrer_id, event.occurred_at or now):
        return event
    named = str(event.referrer_id)
    mentioning = {
        name: None
        for name in ("referrer_url", "landing_page", "metadata")
        if _may_name(named, event.__dict__[name] or "")
    }
    return event.model_copy(update={"referrer_id": None, **mentioning})


def _may_name(named: str, posted: str) -> bool:
    forms = named, json.dumps(named, ensure_ascii=False)[1:-1]
    return any(form in normalize_id(read) for form in forms for read in (posted, unquote_plus(posted)))
