"""Stores a batch of events and folds it into the facts, in one transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from metrics_api.ingest.folds import ALL_FOLDS, fold
from metrics_api.ingest.locks import share_facts
from metrics_api.ingest.staging import create_staging, save_new_events
from viral_engine.contract.events import Event


def save_events(connection: Connection, events: Sequence[Event], *, now: datetime) -> int:
    """Store the events that are new and bring every fact up to date; returns how many were new."""
    share_facts(connection)
    create_staging(connection)
    accepted = save_new_events(connection, events, now=now)
    if accepted:
        fold(connection, ALL_FOLDS)
    return accepted
