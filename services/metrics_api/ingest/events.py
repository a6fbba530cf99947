"""Stores a batch of events and folds it into the facts, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.erased import Marker
from metrics_api.ingest.folds import choose_folds, fold
from metrics_api.ingest.late_events import leave_out_late
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
    connection: Connection, events: Sequence[Event], marker: Marker, rules: FactRules, *, now: datetime
) -> Taken:
    """Store the events that are new and do not come too late; what is in none of the counts was known already."""
    share_facts(connection)
    timely = leave_out_late(connection, events, marker, now=now)
    accepted = save_events(connection, timely.events, rules, now=now) if timely.events else 0
    return Taken(accepted, timely.expired, timely.erased)


def save_events(connection: Connection, events: Sequence[Event], rules: FactRules, *, now: datetime) -> int:
    """Store the events that are new, with their class, and bring every fact up to date; returns how many were new.

    A rebuild must be kept out.
    """
    create_staging(connection)
    classified = classify_events(events, rules)
    accepted = save_new_events(connection, classified, rules, now=now)
    if accepted:
        counted = [event for event, verdict in classified if verdict is None or verdict.is_person]
        fold(connection, choose_folds(counted, has_traffic=any(verdict for _event, verdict in classified), now=now))
    return accepted
