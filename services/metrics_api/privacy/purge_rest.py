"""Deletes old data other than events: content, names in reports and alerts, and bookkeeping."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection, text

from metrics_api.access.lockout import FORGOTTEN_AFTER, forget_old_failures
from metrics_api.ingest.retained import begin
from metrics_api.privacy.purge_events import ROWS_AT_ONCE
from metrics_api.privacy.report_names import forget_old_referrers
from metrics_api.privacy.requests import EXPORT_AGAIN_DAYS, forget_done
from metrics_api.privacy.retention import Retention

Purge = Callable[[Connection, Retention], int]
BOOKKEEPING_DAYS = 7
# One day, plus the time until the next night.
FAILURES_KEPT_DAYS = FORGOTTEN_AFTER.days + 1
_BOOKKEEPING = timedelta(days=BOOKKEEPING_DAYS)

_ALERTS = text("""
    UPDATE alerts SET evidence = evidence || '{"rows": [], "refs": []}'
    WHERE resolved_at IS NOT NULL AND (evidence #>> '{period,start}')::date < :cutoff AND evidence -> 'refs' <> '[]'
""")
_TAKEDOWNS = text("""
    UPDATE delivery_requests SET takedown = NULL WHERE created_at < :cutoff AND takedown IS NOT NULL
""")
# The list of rules counts the events of a message, so only their texts go.
_NOTIFICATIONS = text("""
    UPDATE delivery_requests SET notification = notification || jsonb_build_object('news', (
        SELECT jsonb_agg(news || '{"message": ""}') FROM jsonb_array_elements(notification -> 'news') AS news))
    WHERE created_at < :cutoff AND jsonb_path_exists(notification, '$.news[*] ? (@.message != "")')
""")
_WEBHOOK_EVENTS = text("UPDATE delivery_requests SET event = NULL WHERE created_at < :cutoff AND event IS NOT NULL")
# As long as an alert lasts, its events say who is to be notified of its end.
_ALERT_EVENTS = """created_at < :cutoff AND NOT EXISTS (
    SELECT FROM alerts WHERE alerts.id = alert_id AND alerts.resolved_at IS NULL)"""
_BATCHES = text("""
    DELETE FROM batches WHERE (status = 'done' OR discarded_at IS NOT NULL) AND created_at < :cutoff
""")
# The log is append-only, except for this function of the schema's owner, which has the retention built in.
_AUDIT = text("SELECT purge_audit_entries(:cutoff, :rows)")
_REFUSALS = text("DELETE FROM refused_sign_ins WHERE last_at < :cutoff")
_JOB_KEYS = text("DELETE FROM job_keys WHERE asked_at < :cutoff")
_SESSIONS = text("DELETE FROM sessions WHERE expires_at < :cutoff")
_LISTS = text("DELETE FROM entity_lists WHERE expires_at < :cutoff")
_REQUESTS = text("DELETE FROM privacy_requests WHERE coalesce(done_at, due_at) < :cutoff")


def delete_some(table: str, condition: str) -> str:
    """A statement that deletes some of the rows."""
    return f"""
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {condition} LIMIT {ROWS_AT_ONCE}))
    """


def _facts_of_days(table: str) -> Purge:
    statement = text(delete_some(table, "day < :cutoff"))
    return lambda connection, retention: connection.execute(statement, {"cutoff": retention.events}).rowcount


def _content(table: str) -> Purge:
    statement = text(delete_some(table, "inserted_at < :cutoff"))
    return lambda connection, retention: connection.execute(statement, {"cutoff": begin(retention.content)}).rowcount


purge_clicks_of_networks = _facts_of_days("clicks_per_ip_day")
purge_devices_of_networks = _facts_of_days("devices_per_network_day")
purge_referrers_of_networks = _facts_of_days("referrers_per_network_day")
purge_clicks_of_devices = _facts_of_days("clicks_per_device_day")
purge_bursts = _facts_of_days("bursts_per_device_day")
purge_conversions_of_referrers = _facts_of_days("conversions_per_referrer_day")
purge_event_pii = _facts_of_days("event_pii_per_day")
purge_shares = _content("parent_shares")
purge_reels = _content("progress_reels")
purge_study_sessions = _content("study_sessions")
purge_violations = _content("violations")


def purge_moderation(connection: Connection, retention: Retention) -> int:
    """Remove the items of some old takedowns; returns the number."""
    return connection.execute(_TAKEDOWNS, {"cutoff": begin(retention.content)}).rowcount


def purge_notifications(connection: Connection, retention: Retention) -> int:
    """Remove the texts of some old notifications and what programs were told; returns the number."""
    values = {"cutoff": retention.events_at}
    return sum(connection.execute(statement, values).rowcount for statement in (_NOTIFICATIONS, _WEBHOOK_EVENTS))


def purge_alert_events(connection: Connection, retention: Retention) -> int:
    """Delete some old events of alerts that are over; returns how many."""
    values = {"cutoff": retention.events_at}
    deleted = connection.execute(text(delete_some("webhook_events", "created_at < :cutoff")), values).rowcount
    return deleted + connection.execute(text(delete_some("alert_news", _ALERT_EVENTS)), values).rowcount


def purge_reports(connection: Connection, retention: Retention) -> int:
    """Remove referrers from some reports whose period begins before the kept dates; returns the number of reports."""
    return forget_old_referrers(connection, retention.events)


def purge_alerts(connection: Connection, retention: Retention) -> int:
    """Remove rows and references from some ended alerts on old periods; returns the number of alerts."""
    return connection.execute(_ALERTS, {"cutoff": retention.events}).rowcount


def purge_audit(connection: Connection, retention: Retention) -> int:
    """Delete some old audit entries; returns the number."""
    values = {"cutoff": begin(retention.audit), "rows": ROWS_AT_ONCE}
    connection.execute(_REFUSALS, {"cutoff": begin(retention.audit)})
    deleted: int = connection.execute(_AUDIT, values).scalar_one()
    return deleted


def purge_lists(connection: Connection, retention: Retention) -> int:
    """Delete list entries that expired long ago; returns the number."""
    return connection.execute(_LISTS, {"cutoff": retention.events_at}).rowcount


def purge_requests(connection: Connection, retention: Retention) -> int:
    """Delete old requests of parents, and the subjects of completed ones; returns the number of changed rows."""
    deleted = connection.execute(_REQUESTS, {"cutoff": begin(retention.audit)}).rowcount
    named_until = retention.at - timedelta(days=EXPORT_AGAIN_DAYS)
    return deleted + forget_done(connection, before=named_until)


def purge_erasures(connection: Connection, retention: Retention) -> int:
    """Delete records of erasures that are older than every kept event; returns the number."""
    return connection.execute(
        text(delete_some("erasures", "erased_at < :cutoff")), {"cutoff": retention.events_at}
    ).rowcount


def purge_bookkeeping(connection: Connection, retention: Retention) -> int:
    """Delete records of finished work and ended sessions after a week, and failed sign-ins; returns the number."""
    values = {"cutoff": retention.at - _BOOKKEEPING}
    ended = sum(connection.execute(statement, values).rowcount for statement in (_BATCHES, _JOB_KEYS, _SESSIONS))
    return ended + forget_old_failures(connection, now=retention.at)
