"""Investigates a device."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.tables import BURST_SIZES
from metrics_api.detection.entity_lists import Lists, fetch_active_lists, find_list
from metrics_api.detection.investigations.answer import Subject, format_common, is_flagged
from metrics_api.detection.investigations.history import History
from metrics_api.detection.query import Query
from metrics_api.detection.trusted_bursts import build_bursts, trusting_values
from viral_contract.models.investigations import Burst, BurstsOfDay, DeviceInvestigation

_DAYS = f"""
    SELECT day, clicks, {", ".join(f"span_{size}" for size in BURST_SIZES)}
    FROM clicks_per_device_day LEFT JOIN ({{bursts}}) AS burst USING (day, device_fingerprint)
    WHERE day = ANY(:days) AND device_fingerprint = :device ORDER BY day
"""
_OF_DEVICE = "fact.day = ANY(:days) AND fact.device_fingerprint = :device"


def fetch_device_investigation(connection: Connection, subject: Subject, query: Query) -> DeviceInvestigation:
    """What the device did in the period; its bursts are those outside of trusted networks."""
    lists = fetch_active_lists(connection, query)
    statement = text(_DAYS.format(bursts=build_bursts(_OF_DEVICE, BURST_SIZES, lists)))
    given = {"days": query.period.dates(), "device": subject.identifier, **trusting_values(lists)}
    return format_device_investigation(subject, connection.execute(statement, given).all(), lists, query)


def format_device_investigation(
    subject: Subject, rows: Sequence[Row[Any]], lists: Lists, query: Query
) -> DeviceInvestigation:
    """The answer for the device and its fastest bursts by day."""
    clicks, seconds = query.settings.bot_rapid_click_threshold, query.settings.bot_rapid_click_window_seconds
    window = timedelta(seconds=seconds)
    days = [_format_day(row, clicks, window) for row in rows]
    listed = find_list(lists, "device", subject.identifier)
    moments = _group_moments(subject.history)
    common = format_common(subject, query)
    return DeviceInvestigation(
        **{**common, "totals": {**common["totals"], "click": sum(day.clicks for day in days)}},
        thresholds=query.used("bot_rapid_click_threshold", "bot_rapid_click_window_seconds"),
        rule=f"{clicks} or more clicks within {seconds} seconds",
        flagged=is_flagged(listed, by_rule=any(day.flagged for day in days)),
        listed=listed,
        days=days,
        bursts=[burst for size in BURST_SIZES if (burst := _format_burst(size, rows, moments, window))],
    )


def _group_moments(history: History) -> list[list[datetime]]:
    """When each person clicked on the device, in order; clicks without a user are one person's."""
    by_person: dict[str | None, list[datetime]] = defaultdict(list)
    for event in reversed(history.counted):
        if event.event_type == "click":
            by_person[event.user_id].append(event.occurred_at)
    return list(by_person.values())


def _format_day(row: Row[Any], clicks: int, window: timedelta) -> BurstsOfDay:
    span = _span_of(row, clicks)
    return BurstsOfDay(
        date=row.day,
        clicks=row.clicks,
        fastest_seconds=None if span is None else span.total_seconds(),
        flagged=span is not None and span <= window,
    )


def _format_burst(
    clicks: int, rows: Sequence[Row[Any]], moments: Sequence[Sequence[datetime]], window: timedelta
) -> Burst | None:
    found = [(span, row.day) for row in rows if (span := _span_of(row, clicks)) is not None]
    if not found:
        return None
    span, day = min(found)
    windows = chain.from_iterable(zip(own, own[clicks - 1 :], strict=False) for own in moments)
    first, last = next(((first, last) for first, last in windows if last - first == span), (None, None))
    return Burst(
        clicks=clicks,
        seconds=span.total_seconds(),
        date=day,
        first_click_at=first,
        last_click_at=last,
        within_window=span <= window,
    )


def _span_of(row: Row[Any], clicks: int) -> timedelta | None:
    span: timedelta | None = getattr(row, f"span_{clicks}")
    return span
