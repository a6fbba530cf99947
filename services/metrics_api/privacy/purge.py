"""The nightly purge: bounded steps, one after the other, each committed and counted in the purge's record."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, text, update

from metrics_api.db.tables import purges, tokens
from metrics_api.ingest.combiner import own_facts
from metrics_api.ingest.locks import share_facts
from metrics_api.privacy import purge_events as events
from metrics_api.privacy import purge_referrals as referrals
from metrics_api.privacy import purge_rest as rest
from metrics_api.privacy.case_names import purge_case_conversions, purge_cases
from metrics_api.privacy.retention import Retention, compute_retention
from metrics_api.settings.privacy import PrivacySettings
from viral_contract.models.privacy import PurgeRecord

# In this order: facts follow the events that they are computed from.
STEPS: Mapping[str, rest.Purge] = {
    "attribution_events": events.purge_events,
    "clicks_per_ip_day": rest.purge_clicks_of_networks,
    "devices_per_network_day": rest.purge_devices_of_networks,
    "referrers_per_network_day": rest.purge_referrers_of_networks,
    "clicks_per_device_day": rest.purge_clicks_of_devices,
    "bursts_per_device_day": rest.purge_bursts,
    "activity_per_referrer_day": events.purge_activity,
    "conversions_per_referrer_day": rest.purge_conversions_of_referrers,
    "user_journeys": events.purge_journeys,
    "active_weeks": events.purge_weeks,
    "referrals": referrals.purge_referrals,
    "device_users": referrals.purge_device_users,
    "attribution_links": events.purge_links,
    "link_counts": events.purge_link_counts,
    "parent_shares": rest.purge_shares,
    "progress_reels": rest.purge_reels,
    "study_sessions": rest.purge_study_sessions,
    "violations": rest.purge_violations,
    "delivery_requests": rest.purge_moderation,
    "notifications": rest.purge_notifications,
    "alert_news": rest.purge_alert_events,
    "report_runs": rest.purge_reports,
    "alerts": rest.purge_alerts,
    "case_conversions": purge_case_conversions,
    "cases": purge_cases,
    "audit_entries": rest.purge_audit,
    "entity_lists": rest.purge_lists,
    "privacy_requests": rest.purge_requests,
    "bookkeeping": rest.purge_bookkeeping,
    "erasures": rest.purge_erasures,
    "event_pii_per_day": rest.purge_event_pii,
}
_NAMES = tuple(STEPS)
_MISSED_AFTER = timedelta(hours=36)
_SHOWN = 30
_COUNT = text("""
    UPDATE purges SET deleted = deleted || jsonb_build_object(
        CAST(:name AS text), coalesce((deleted ->> :name)::bigint, 0) + :rows)
    WHERE id = :id
""")


def purge_some(connection: Connection, settings: PrivacySettings, *, now: datetime) -> bool:
    """Do one bounded step of the purge that is due or in progress; returns whether there is more to do at once."""
    purge = _fetch_unfinished(connection)
    if purge is None:
        return _start_due(connection, settings, now=now)
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    share_facts(connection)
    name = _NAMES[purge.done_steps]
    retention = Retention(purge.events_from, purge.content_from, purge.audit_from, purge.started_at)
    rows = STEPS[name](connection, retention)
    if rows:
        connection.execute(_COUNT, {"id": purge.id, "name": name, "rows": rows})
        return True
    return _end_step(connection, purge, now=now)


def _fetch_unfinished(connection: Connection) -> Row[Any] | None:
    unfinished = select(purges).where(purges.c.finished_at.is_(None)).order_by(purges.c.id).limit(1)
    return connection.execute(unfinished.with_for_update()).one_or_none()


def _start_due(connection: Connection, settings: PrivacySettings, *, now: datetime) -> bool:
    last = connection.execute(select(purges.c.started_at).order_by(purges.c.id.desc()).limit(1)).scalar()
    began = connection.execute(select(func.min(tokens.c.created_at))).scalar()
    if not is_due(last, began, settings.purge_hour_utc, now=now):
        return False
    # From here on, writers reject older events; those written before are purged, too.
    own_facts(connection)
    start_purge(connection, settings, now=now)
    return True


def is_due(last: datetime | None, began: datetime | None, hour_utc: int, *, now: datetime) -> bool:
    """Whether to purge: once a night in its hour, and at any hour after a missed night.

    A new installation, which `began` with its first token, waits for its first night, so that history imported on its
    first day can be viewed.
    """
    waiting_since = last or began
    if waiting_since is not None and now - waiting_since > _MISSED_AFTER:
        return True
    return now.hour == hour_utc and (last is None or last.date() < now.date())


def start_purge(connection: Connection, settings: PrivacySettings, *, now: datetime) -> Row[Any]:
    """Record a purge of data that is old at `now`; `purge_some` does it."""
    retention = compute_retention(settings, now=now)
    values = {
        "started_at": now,
        "events_from": retention.events,
        "content_from": retention.content,
        "audit_from": retention.audit,
    }
    return connection.execute(purges.insert().values(values).returning(purges)).one()


def fetch_purges(connection: Connection) -> list[PurgeRecord]:
    """The latest purges."""
    rows = connection.execute(select(purges).order_by(purges.c.id.desc()).limit(_SHOWN))
    return [PurgeRecord.model_validate(dict(row._mapping)) for row in rows]


def _end_step(connection: Connection, purge: Row[Any], *, now: datetime) -> bool:
    done = purge.done_steps + 1
    finished_at = now if done == len(STEPS) else None
    values = {"done_steps": done, "finished_at": finished_at}
    connection.execute(update(purges).where(purges.c.id == purge.id).values(values))
    return finished_at is None
