"""Replaces personal information in events before anything of them is stored, and counts by loop what was replaced."""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.pii_scanner.findings import PiiType
from metrics_api.pii_scanner.redaction import CARD_LENGTHS, Redacted, Redactor, may_hold
from metrics_api.traffic.crawlers import names_crawler
from viral_contract.models.events import Event
from viral_contract.models.links import LinkItem

_IDS = ("user_id", "referrer_id", "link_id", "session_id", "device_fingerprint")
_TEXTS = ("landing_page", "referrer_url", "source", "http_method", "purpose")
_read_ids = itemgetter(*_IDS)
_read_others = itemgetter(*_TEXTS, "metadata")

_COUNT = text("""
    INSERT INTO event_pii_per_day AS fact (day, source, field, pii_type, events)
    SELECT * FROM jsonb_to_recordset(CAST(:leaks AS jsonb)) AS leak (
        day date, source text, field text, pii_type text, events bigint)
    ORDER BY day, source, field, pii_type
    ON CONFLICT (day, source, field, pii_type) DO UPDATE SET events = fact.events + excluded.events
""")


class Leak(NamedTuple):
    """A field of an event and a type of personal information in it."""

    field: str
    type: str


class Change(NamedTuple):
    """What is stored in place of a field, and the types of what was in it."""

    value: str
    types: frozenset[str]


Leaks = Mapping[uuid.UUID, frozenset[Leak]]
"""What each event had, by its id."""
NO_LEAKS: Leaks = {}


@dataclass(frozen=True)
class Replaced:
    """Events without personal information, and what each of them, by its id, had."""

    events: Sequence[Event]
    leaks: Leaks


def replace_in_events(events: Sequence[Event], pseudonyms: Pseudonyms) -> Replaced:
    """The events as they may be stored; of several with one id, what is counted is of the first, which wins."""
    found = [
        (position, changes)
        for position, event in enumerate(events)
        if _may_hold(event.__dict__, pseudonyms.redactor) and (changes := _find_changes(event.__dict__, pseudonyms))
    ]
    if not found:
        return Replaced(events, NO_LEAKS)
    replaced, leaks = list(events), {}
    first = {event.event_id: position for position, event in reversed(list(enumerate(events)))}
    for position, changes in found:
        # An event without an id of its own needs one by which to count it.
        event_id = events[position].event_id or uuid.uuid4()
        replaced[position] = events[position].model_copy(
            update={"event_id": event_id, **{name: change.value for name, change in changes.items()}}
        )
        leaking = frozenset(Leak(name, kind) for name, change in changes.items() for kind in change.types)
        if leaking and first.get(event_id, position) == position:
            leaks[event_id] = leaking
    return Replaced(replaced, leaks)


def _find_changes(values: Mapping[str, Any], pseudonyms: Pseudonyms) -> dict[str, Change]:
    redactor = pseudonyms.redactor
    ways: dict[str, Callable[[str], Change | None]] = {
        **dict.fromkeys(_IDS, partial(_replace_id, pseudonyms)),
        **dict.fromkeys(_TEXTS, partial(_redact, redactor.redact)),
        "user_agent": partial(_redact_user_agent, redactor),
        "metadata": partial(_replace_metadata, redactor),
    }
    changes = {name: replace(values[name]) for name, replace in ways.items() if values[name] is not None}
    return {name: change for name, change in changes.items() if change is not None}


def _replace_id(pseudonyms: Pseudonyms, given: str) -> Change | None:
    stored = pseudonyms.replace(given)
    return None if stored.type is None else Change(stored.id, frozenset({stored.type}))


def _redact(redact: Callable[[str], Redacted | None], given: str) -> Change | None:
    redacted = redact(given)
    return None if redacted is None else Change(redacted.text, redacted.types)


def _redact_user_agent(redactor: Redactor, given: str) -> Change | None:
    """Replace as everywhere, but do not count the address at which a crawler can be reached: no loop leaks it."""
    change = _redact(redactor.redact, given)
    if change is None or not names_crawler(change.value):
        return change
    return Change(change.value, change.types - {PiiType.EMAIL})


def _replace_metadata(redactor: Redactor, encoded: str) -> Change | None:
    types: set[str] = set()
    data = _replace_in(json.loads(encoded), "", redactor, types) if may_hold(encoded) else None
    return Change(json.dumps(data, ensure_ascii=False, separators=(",", ":")), frozenset(types)) if types else None


def _may_hold(values: Mapping[str, Any], redactor: Redactor) -> bool:
    """Say cheaply whether any field is worth a look: one look at all that is not known, or an id like most."""
    texts = [given for given in _read_others(values) if given is not None]
    for given in _read_ids(values):
        # Most ids are digits, or small letters with digits and hyphens: nothing that is looked for but cards.
        if given is not None and not (
            (given.islower() and given.replace("-", "").isalnum())
            or (given.isdecimal() and len(given) not in CARD_LENGTHS)
        ):
            texts.append(given)
    user_agent = values["user_agent"]
    if user_agent is not None and not redactor.is_known(user_agent):
        texts.append(user_agent)
    return may_hold("\n".join(texts))


def _replace_in(value: Any, key: str, redactor: Redactor, types: set[str]) -> Any:
    if isinstance(value, dict):
        replaced: dict[str, Any] = {}
        for name, each in value.items():
            place = _choose_name(_replace_text("", name, redactor, types), replaced)
            replaced[place] = _replace_in(each, name, redactor, types)
        return replaced
    if isinstance(value, list):
        return [_replace_in(each, key, redactor, types) for each in value]
    if isinstance(value, str):
        return _replace_text(key, value, redactor, types)
    if isinstance(value, int | float) and not isinstance(value, bool):
        written = _replace_text(key, f"{value:.0f}", redactor, types) if value == value // 1 else ""
        return written if written.startswith("[") else value
    return value


def _replace_text(key: str, given: str, redactor: Redactor, types: set[str]) -> str:
    redacted = redactor.redact_value(key, given)
    if redacted is None:
        return given
    types |= redacted.types
    return redacted.text


def _choose_name(name: str, taken: Mapping[str, Any]) -> str:
    """The name, numbered where two keys became one by what was replaced in them."""
    numbered, number = name, 1
    while numbered in taken:
        number += 1
        numbered = f"{name} {number}"
    return numbered


def replace_in_link(link: LinkItem, pseudonyms: Pseudonyms) -> LinkItem:
    """The link as it may be stored: its ids as those of events, so that they meet."""
    texts = {name: given for name in ("source", "campaign", "target_url") if (given := getattr(link, name)) is not None}
    return link.model_copy(
        update={
            "id": pseudonyms.replace(link.id).id,
            "referrer_id": pseudonyms.replace(link.referrer_id).id,
            **{name: pseudonyms.replace_text(given) for name, given in texts.items()},
        }
    )


def count_leaks(connection: Connection, leaks: Leaks, leaking: Iterable[Mapping[str, str]]) -> None:
    """Count what was replaced in the events that are new, given with their days and sources."""
    counts = Counter(
        (event["day"], event["source"], *leak) for event in leaking for leak in leaks[uuid.UUID(event["event_id"])]
    )
    if counts:
        names = ("day", "source", "field", "pii_type", "events")
        rows = [dict(zip(names, (*key, events), strict=True)) for key, events in counts.items()]
        connection.execute(_COUNT, {"leaks": json.dumps(rows)})
