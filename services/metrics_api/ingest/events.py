"""Stores a batch of events and folds it into the facts, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.erased import Marker
from metrics_api.ingest.event_pii import NO_LEAKS, Leaks, count_leaks, replace_in_events
from metrics_api.ingest.folds import choose_folds, fold
from metrics_api.ingest.late_events import Timely, leave_out_late
from metrics_api.ingest.locks import share_facts
from metrics_api.ingest.staging import classify_events, create_staging, save_new_events
from viral_contract.models.events import Event


@dataclass(frozen=True)
class Taken:
    """What became of a batch: how many events were new, came after their date was purged, or are of somebody erased."""

    accepted: int
    expired: int
    erased: int


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
    accepted = save_events(connection, timely.events, rules, leaks=replaced.leaks, now=now) if timely.events else 0
    return Taken(accepted, timely.expired, timely.erased)


def save_events(
    connection: Connection, events: Sequence[Event], rules: FactRules, *, leaks: Leaks = NO_LEAKS, now: datetime
) -> int:
    """Store the events that are new, with their class, and bring every fact up to date; returns how many were new.

    `leaks` says what was replaced in them.

    A rebuild must be kept out.
    """
    create_staging(connection)
    classified = classify_events(events, rules)
    stored = save_new_events(connection, classified, rules, leaks, now=now)
    if stored.events:
        counted = [event for event, verdict in classified if verdict is None or verdict.is_person]
        fold(connection, choose_folds(counted, rules, now=now))
        count_leaks(connection, leaks, stored.leaking)
    return stored.events
