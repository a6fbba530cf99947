"""Replays one date: the 7 days that end with it, under the live settings and under a draft's.

A date needs no more than its own transaction, so that a replay can stop and go on anywhere: what has no row is left.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import References
from metrics_api.alerts.rules import ALERT_DAYS, find_alerts
from metrics_api.context import Context
from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.event_pii import fetch_event_pii
from metrics_api.detection.query import Query, build_masked_query
from metrics_api.growth.clean import fetch_flagged_totals
from metrics_api.growth.k_factor import Counts, fetch_counts
from metrics_api.health.evaluation import PeriodState, fetch_state, rate_health
from metrics_api.settings.detection import DetectionSettings
from viral_contract.models.guardrails import EventPiiAnswer
from viral_contract.models.period import Period
from viral_contract.models.thresholds import Overrides

SHADOW_EVERY = timedelta(minutes=5)
# The oldest date of the oldest draft that is not replayed yet; then what a shadow has not looked at for a while.
_DUE = text("""
    SELECT draft.id, draft.settings, draft.day FROM (
        SELECT id, settings, generate_series(start, "end", interval '1 day')::date AS day, NULL::date AS shadow_since
        FROM drafts WHERE NOT is_replayed
        UNION ALL
        SELECT id, settings, generate_series(shadow_since, CAST(:today AS date), interval '1 day')::date, shadow_since
        FROM drafts WHERE shadow_since IS NOT NULL
    ) AS draft LEFT JOIN draft_days AS known ON known.draft_id = draft.id AND known.day = draft.day
    WHERE (CAST(:draft_id AS bigint) IS NULL OR draft.id = :draft_id) AND (
        known.day IS NULL OR draft.shadow_since IS NOT NULL AND known.computed_at < least(
            CAST(:stale AS timestamptz), (draft.day + 1)::timestamp AT TIME ZONE 'UTC'
        )
    )
    ORDER BY draft.id, draft.day LIMIT 1
""")


# Unless the draft was changed or discarded meanwhile.
_SAVE = text("""
    WITH draft AS (
        SELECT id FROM drafts WHERE id = :id AND settings = CAST(:settings AS jsonb) FOR NO KEY UPDATE
    )
    INSERT INTO draft_days (draft_id, day, computed_at, live, draft)
    SELECT id, :day, :now, CAST(:live AS jsonb), CAST(:draft AS jsonb) FROM draft
    ON CONFLICT (draft_id, day) DO UPDATE
        SET computed_at = excluded.computed_at, live = excluded.live, draft = excluded.draft
""")
_FINISH = text("""
    UPDATE drafts SET is_replayed = true WHERE id = :id AND NOT is_replayed AND "end" - start + 1 = (
        SELECT count(*) FROM draft_days WHERE draft_id = drafts.id AND day BETWEEN drafts.start AND drafts."end")
""")


@dataclass(frozen=True)
class Found:
    """What one set of thresholds makes of a period; kept as it is."""

    health_score: float
    k_factor_clean: float
    alerts: list[dict[str, str]]


def replay_next(context: Context, *, now: datetime, draft_id: int | None = None) -> bool:
    """Replay the next date that is due, of one draft or of any; False where none is."""
    due = {"today": now.date(), "stale": now - SHADOW_EVERY, "draft_id": draft_id}
    with context.database.write() as connection:
        row = connection.execute(_DUE, due).one_or_none()
        if row is None:
            return False
        _save_day(connection, row, replay_day(connection, row.day, row.settings, context, now=now), now=now)
    return True


def _save_day(connection: Connection, row: Row[Any], found: tuple[Found, Found], *, now: datetime) -> None:
    live, draft = (json.dumps(asdict(each)) for each in found)
    values = {"id": row.id, "settings": json.dumps(row.settings), "day": row.day, "live": live, "draft": draft}
    connection.execute(_SAVE, {**values, "now": now})
    connection.execute(_FINISH, {"id": row.id})


def replay_day(
    connection: Connection, day: date, settings: Mapping[str, Any], context: Context, *, now: datetime
) -> tuple[Found, Found]:
    """What the live settings and the draft's find in the 7 days that end with this date."""
    live = context.settings.detection
    period = Period.between(day - timedelta(days=ALERT_DAYS - 1), day)
    query = _build_query(period, live, context.references, now=now)
    lists = fetch_active_lists(connection, query)
    state = fetch_state(connection, period, lists)
    counts, event_pii = fetch_counts(connection, period), fetch_event_pii(connection, query)
    drafted = replace(query, settings=apply_settings(settings, query.settings))
    found = _judge(connection, query, state, counts, event_pii)
    return found, found if drafted == query else _judge(connection, drafted, state, counts, event_pii)


def apply_settings(settings: Mapping[str, Any], live: DetectionSettings) -> DetectionSettings:
    """The live settings with those of a draft."""
    return Overrides.model_validate(settings).apply_to(live)


def _build_query(period: Period, live: DetectionSettings, references: References, *, now: datetime) -> Query:
    # How old the newest event was at the end of a date is no longer known.
    return build_masked_query(period, live.model_copy(update={"data_stale_minutes": 0}), references, now=now)


def _judge(
    connection: Connection, query: Query, state: PeriodState, counts: Counts, event_pii: EventPiiAnswer
) -> Found:
    flagged = fetch_flagged_totals(connection, query, state.lists)
    health = rate_health(connection, query, state, flagged)
    alerts = find_alerts(health, query.settings, event_pii=event_pii)
    return Found(
        health.health_score,
        float(counts.clean_of(flagged.conversions)),
        [{"type": alert.type, "severity": alert.severity, "message": alert.message} for alert in alerts],
    )
