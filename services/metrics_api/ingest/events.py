"""Stores a batch of events, and folds it into the facts or stages it for the combiner, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.combiner import find_newest, stage
from metrics_api.ingest.erased import Marker
from metrics_api.ingest.event_pii import NO_LEAKS, Leaks, count_leaks, replace_in_events
from metrics_api.ingest.folds import choose_folds, fold
from metrics_api.ingest.late_events import Timely, leave_out_late
from metrics_api.ingest.locks import claim_folding, share_facts
from metrics_api.ingest.staging import Classified, Stored, classify_events, create_staging, save_new_events
from viral_contract.models.events import Event


@dataclass(frozen=True)
class Taken:
    """What became of a batch: how many events were new, came after their date was purged, or are of somebody erased.

    `waits_for` is the staged batch that has to be folded before all of them are counted.
    """

    accepted: int
    expired: int
    erased: int
    waits_for: int | None = None


def take_events(
    connection: Connection,
    events: Sequence[Event],
    marker: Marker,
    pseudonyms: Pseudonyms,
    rules: FactRules,
    *,
    now: datetime,
) -> Taken:
    """Store the events that are new and do not come too late; what is in none of the counts was known already.

    Personal information in them is replaced before anything is stored.
    """
    share_facts(connection)
    timely = leave_out_late(connection, events, marker, now=now)
    replaced = replace_in_events(timely.events, pseudonyms)
    if replaced.leaks:
        # Somebody who is known by a replaced id only may have been erased under it.
        again = leave_out_late(connection, replaced.events, marker, now=now)
        timely = Timely(again.events, timely.expired, timely.erased + again.erased)
    accepted, waits_for = 0, None
    if timely.events:
        stored, new = _store(connection, timely.events, rules, replaced.leaks, now=now)
        accepted, waits_for = stored.events, _fold_or_stage(connection, stored, new)
    if waits_for is None and accepted < len(timely.events):
        # A request that was cut off may have left them, and is repeated.
        waits_for = find_newest(connection)
    return Taken(accepted, timely.expired, timely.erased, waits_for)


def save_events(
    connection: Connection, events: Sequence[Event], rules: FactRules, *, leaks: Leaks = NO_LEAKS, now: datetime
) -> int:
    """Store the events that are new, with their class, and bring every fact up to date; returns how many were new.

    `leaks` says what was replaced in them. A rebuild must be kept out. Waits until nobody else folds.
    """
    stored, new = _store(connection, events, rules, leaks, now=now)
    if stored.events:
        if not stored.may_fold:
            claim_folding(connection)
        fold(connection, choose_folds(new))
    return stored.events


def _store(
    connection: Connection, events: Sequence[Event], rules: FactRules, leaks: Leaks, *, now: datetime
) -> tuple[Stored, list[Event]]:
    """Store the new ones; returns what was new, and those of all that count."""
    create_staging(connection)
    classified = classify_events(events, rules)
    stored = save_new_events(connection, classified, rules, leaks, now=now)
    if stored.events:
        count_leaks(connection, leaks, stored.leaking)
    return stored, _list_counted(classified)


def _list_counted(classified: Sequence[Classified]) -> list[Event]:
    return [event for event, verdict in classified if verdict is None or verdict.is_person]


def _fold_or_stage(connection: Connection, stored: Stored, new: Sequence[Event]) -> int | None:
    """Fold what was stored, or stage it where somebody folds or waits for it: the batch that it is then."""
    if stored.may_fold:
        fold(connection, choose_folds(new))
    elif stored.events:
        return stage(connection)
    return None
