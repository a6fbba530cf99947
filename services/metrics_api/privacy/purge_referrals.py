"""Deletes old referrals and users of devices, and forgets old clicks of those that are kept, as a rebuild would."""

from sqlalchemy import Connection, text

from metrics_api.db.event_types import EVENT_TYPES_SQL, IS_COUNTED
from metrics_api.ingest.combiner import own_facts
from metrics_api.ingest.referrals import delete_device_users
from metrics_api.ingest.staging import PERSON
from metrics_api.privacy.purge_events import ROWS_AT_ONCE
from metrics_api.privacy.purge_rest import delete_some
from metrics_api.privacy.retention import Retention

_REFERRALS = text(delete_some("referrals", "day < :day"))
# A row that a writer has locked gets a newer click; waiting for it could be waiting in a circle.
_CLICKS = text("""
    UPDATE referrals SET clicked_at = NULL WHERE event_id IN (
        SELECT event_id FROM referrals
        WHERE day >= :day AND day <= CAST(:day AS date) + 7 AND clicked_at < :cutoff
        LIMIT :most FOR UPDATE SKIP LOCKED)
""")
_FIND_UNUSED = text("SELECT ctid FROM device_users WHERE last_day < :day LIMIT :most")
_FIND_EARLY = text("SELECT ctid FROM device_users WHERE first_day < :day LIMIT :most")
_IS_UNUSED = "ctid = ANY(CAST(:found AS tid[])) AND last_day < :day"
_FIRST_DAYS = text(f"""
    UPDATE device_users AS pair SET first_day = coalesce((
        SELECT min(occurred_at AT TIME ZONE 'UTC')::date FROM attribution_events
        WHERE {PERSON} = 'user:' || pair.user_id AND event_type = ANY({EVENT_TYPES_SQL}) AND {IS_COUNTED}
            AND device_fingerprint = pair.device_fingerprint AND occurred_at >= :cutoff
    ), last_day)
    WHERE ctid = ANY(CAST(:found AS tid[])) AND first_day < :day
""")
# Of each pair the person's events are read, while nobody can write.
_FIRST_DAYS_AT_ONCE = 500


def purge_referrals(connection: Connection, retention: Retention) -> int:
    """Delete some referrals, then forget some clicks; returns the number of changed rows."""
    values = {"cutoff": retention.events_at, "day": retention.events, "most": ROWS_AT_ONCE}
    return connection.execute(_REFERRALS, values).rowcount or connection.execute(_CLICKS, values).rowcount


def purge_device_users(connection: Connection, retention: Retention) -> int:
    """Delete some pairs, then find the first kept days of some; returns the number of changed rows.

    They are looked for before writers, who look pairs up without locking them, are kept out.
    """
    given = {"day": retention.events, "cutoff": retention.events_at}
    unused = connection.execute(_FIND_UNUSED, {**given, "most": ROWS_AT_ONCE}).scalars().all()
    if unused:
        own_facts(connection)
        return delete_device_users(connection, _IS_UNUSED, {**given, "found": unused})
    early = connection.execute(_FIND_EARLY, {**given, "most": _FIRST_DAYS_AT_ONCE}).scalars().all()
    if early:
        own_facts(connection)
    return connection.execute(_FIRST_DAYS, {**given, "found": early}).rowcount if early else 0
