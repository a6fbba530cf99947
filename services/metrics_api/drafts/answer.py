"""What a draft would change: who is flagged under it and live, and the days that were replayed so far."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from metrics_api.alerts.what_if import find_not_applicable, format_helm_values
from metrics_api.db.tables import draft_days
from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import Query
from metrics_api.drafts.flagged import Flags, Key, fetch_flags
from metrics_api.drafts.replay import apply_settings
from metrics_api.drafts.verdicts import Verdicts, fetch_verdicts
from viral_contract.models.drafts import (
    Difference,
    Draft,
    DraftAlert,
    DraftAnswer,
    DraftDay,
    DraftSettings,
    ReplayedEntity,
    VerdictSplit,
)

_DAYS_A_WEEK = 7


def fetch_draft_answer(connection: Connection, draft: Draft, query: Query, rows: int) -> DraftAnswer:
    """What the draft changes over the query's period, whose settings are the live ones; so many rows of each kind."""
    drafted = replace(query, settings=apply_settings(draft.settings, query.settings))
    lists = fetch_active_lists(connection, query)
    live, changed = (fetch_flags(connection, each, lists) for each in (query, drafted))
    verdicts = fetch_verdicts(connection, live.keys() | changed.keys())
    days = _fetch_days(connection, draft)
    not_applicable = find_not_applicable(drafted.settings)
    leave_out = {item.name for item in not_applicable}
    return DraftAnswer(
        **draft.model_dump(exclude={"period"}),
        period=query.period,
        replayed=draft.period,
        live_settings=query.used(*DraftSettings.model_fields),
        computed_at=query.now,
        newly_flagged=format_difference(changed.keys() - live.keys(), changed, verdicts, query, rows),
        no_longer_flagged=format_difference(live.keys() - changed.keys(), live, verdicts, query, rows),
        unchanged=format_difference(live.keys() & changed.keys(), changed, verdicts, query, rows),
        alerts=find_opened((row.day, row.draft) for row in days),
        live_alerts=find_opened((row.day, row.live) for row in days),
        cases_per_week=len(changed) * _DAYS_A_WEEK / query.period.days,
        live_cases_per_week=len(live) * _DAYS_A_WEEK / query.period.days,
        days=[_format_day(row) for row in days],
        helm_values=format_helm_values(query.settings, drafted.settings, leave_out=leave_out),
        not_applicable=not_applicable,
        is_live=drafted.settings == query.settings,
    )


def _fetch_days(connection: Connection, draft: Draft) -> Sequence[Any]:
    day = draft_days.c
    statement = select(day.day, day.live, day.draft).where(day.draft_id == draft.id).order_by(day.day)
    return connection.execute(statement).all()


def format_difference(keys: Collection[Key], flags: Flags, verdicts: Verdicts, query: Query, rows: int) -> Difference:
    """These networks, devices and referrers, split by what people have decided about them."""
    highest_first = sorted(keys, key=lambda key: (-(flags[key] or 0), key))
    return Difference(
        count=len(keys),
        by_verdict=split_by_verdict(keys, verdicts),
        first=[_format_entity(key, flags[key], verdicts, query) for key in highest_first[:rows]],
    )


def split_by_verdict(keys: Iterable[Key], verdicts: Verdicts) -> VerdictSplit:
    """How many have which verdict."""
    split = VerdictSplit()
    for key in keys:
        name = verdicts.get(key) or "none"
        setattr(split, name, getattr(split, name) + 1)
    return split


def _format_entity(key: Key, peak: float | None, verdicts: Verdicts, query: Query) -> ReplayedEntity:
    kind, entity = key
    identifiers = query.identifiers
    show = {"network": identifiers.show_ip_address, "device": identifiers.show_device}.get(kind, str)
    is_masked = kind != "referrer"
    return ReplayedEntity(
        kind=kind,
        entity=show(entity),
        ref=identifiers.references.to_ref(entity) if is_masked else None,
        alias=identifiers.references.to_alias(entity) if is_masked else "",
        peak=peak,
        verdict=verdicts.get(key),
    )


def find_opened(days: Iterable[tuple[date, Mapping[str, Any]]]) -> list[DraftAlert]:
    """The alerts that open: their cause holds at the end of a date, and did not on the date before."""
    opened, before = [], (date.min, frozenset[str]())
    for day, found in days:
        lasting = before[1] if day - before[0] == timedelta(days=1) else frozenset[str]()
        opened += [DraftAlert(date=day, **alert) for alert in found["alerts"] if alert["type"] not in lasting]
        before = day, frozenset(alert["type"] for alert in found["alerts"])
    return opened


def _format_day(row: Row[Any]) -> DraftDay:
    return DraftDay(
        date=row.day,
        health_score=row.draft["health_score"],
        k_factor_clean=row.draft["k_factor_clean"],
        live_health_score=row.live["health_score"],
        live_k_factor_clean=row.live["k_factor_clean"],
    )
