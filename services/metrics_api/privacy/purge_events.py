"""Deletes events past their retention, and every fact of their dates that names a person, a device or an address.

Sums without identifiers stay. Facts about people, links and weeks that reach back are recomputed from the kept events,
as a rebuild of the facts would.
"""

from datetime import timedelta

from sqlalchemy import Connection, text

from metrics_api.db.event_types import EVENT_TYPES_SQL, IS_COUNTED
from metrics_api.ingest.active_weeks import ACTIVE_WEEKS
from metrics_api.ingest.folds import fold
from metrics_api.ingest.inviters import LOCK_DAYS_OF_REFERRERS, purge_days_of_referrers
from metrics_api.ingest.journeys import FORGET_JOURNEYS, JOURNEYS
from metrics_api.ingest.locks import claim_folding
from metrics_api.ingest.staging import create_staging, recall_events_of_people
from metrics_api.privacy.retention import Retention

ROWS_AT_ONCE = 20_000

# A link's counts are those of the kept events with its id.
_EVENTS = text(f"""
    WITH old AS (
        SELECT event_id FROM attribution_events
        WHERE event_type = ANY({EVENT_TYPES_SQL}) AND occurred_at < :cutoff LIMIT :most
    ), gone AS (
        DELETE FROM attribution_events AS event USING old WHERE event.event_id = old.event_id
        RETURNING event.link_id, event.event_type, event.traffic_class
    ), counted AS (
        SELECT link_id, count(*) FILTER (WHERE event_type = 'click') AS clicks,
            count(*) FILTER (WHERE event_type = 'conversion') AS conversions
        FROM gone WHERE link_id IS NOT NULL AND {IS_COUNTED} GROUP BY link_id ORDER BY link_id
    ), counts AS (
        UPDATE link_counts AS fact SET clicks = fact.clicks - counted.clicks,
            conversions = fact.conversions - counted.conversions
        FROM counted WHERE fact.link_id = counted.link_id
    ), links AS (
        UPDATE attribution_links AS link SET click_count = link.click_count - counted.clicks,
            conversion_count = link.conversion_count - counted.conversions
        FROM counted WHERE link.link_id = counted.link_id
        RETURNING (link.inserted_at AT TIME ZONE 'UTC')::date AS day,
            counted.clicks > 0 AND link.click_count = 0 AS shut
    ), facts AS (
        UPDATE content_per_day AS fact SET unopened = fact.unopened + shut.links
        FROM (SELECT day, count(*) AS links FROM links WHERE shut AND day >= :cutoff GROUP BY day) AS shut
        WHERE fact.day = shut.day AND fact.kind = 'link'
    )
    SELECT count(*) FROM gone
""")
_ACTIVITY = """
    WITH gone AS (
        DELETE FROM {table} WHERE day < :cutoff AND {is_named} RETURNING *
    ), saved AS (
        INSERT INTO {table} AS fact (
            {key}, {name}, invites, clicks, visits, signups, conversions, activations, purged_conversions)
        SELECT {key}, {no_name}, sum(invites), sum(clicks), sum(visits), sum(signups), sum(conversions),
            sum(activations), sum(conversions)
        FROM gone GROUP BY {key} ORDER BY {key}
        ON CONFLICT ({key}, {name}) DO UPDATE SET
            invites = fact.invites + excluded.invites, clicks = fact.clicks + excluded.clicks,
            visits = fact.visits + excluded.visits, signups = fact.signups + excluded.signups,
            conversions = fact.conversions + excluded.conversions,
            activations = fact.activations + excluded.activations,
            purged_conversions = fact.purged_conversions + excluded.purged_conversions
    )
    SELECT count(*) FROM gone
"""
_OF_REFERRER = {"name": "referrer_id", "is_named": "referrer_id <> ''", "no_name": "''"}
_OF_ANY = {"name": "has_referrer", "is_named": "has_referrer", "no_name": "false"}
_ACTIVITIES = (
    text(_ACTIVITY.format(table="activity_per_referrer_day", key="day, source", **_OF_REFERRER)),
    text(_ACTIVITY.format(table="activity_per_campaign_day", key="campaign, day, source", **_OF_REFERRER)),
)
_TOTALS = text(_ACTIVITY.format(table="activity_per_day", key="day, source", **_OF_ANY))
_RECALL = text("""
    INSERT INTO recalled_people
    SELECT person FROM user_journeys
    WHERE least(first_click_at, first_visit_at, first_signup_at, first_conversion_at, first_activation_at,
        referred_at) < :cutoff
    FOR UPDATE
""")
# No cohort counts these weeks: the signups that are left are of kept dates.
_WEEKS = text(f"""
    DELETE FROM active_weeks AS fact
    WHERE week < :week OR (week = :week AND NOT EXISTS (
        SELECT FROM attribution_events WHERE event_type = ANY({EVENT_TYPES_SQL}) AND {IS_COUNTED}
            AND occurred_at >= :cutoff AND occurred_at < CAST(:week AS date) + interval '7 days'
            AND 'user:' || user_id = fact.person))
""")
# A link with kept events is still in use.
_LINKS = text("""
    DELETE FROM attribution_links WHERE link_id IN (
        SELECT link_id FROM attribution_links AS link WHERE inserted_at < :cutoff
            AND NOT EXISTS (SELECT FROM attribution_events AS event WHERE event.link_id = link.link_id)
        LIMIT :most)
""")
_LINK_COUNTS = text("""
    DELETE FROM link_counts AS fact
    WHERE NOT EXISTS (SELECT FROM attribution_links AS link WHERE link.link_id = fact.link_id)
        AND NOT EXISTS (SELECT FROM attribution_events AS event WHERE event.link_id = fact.link_id)
""")


def purge_events(connection: Connection, retention: Retention) -> int:
    """Delete some events; returns the number."""
    values = {"cutoff": retention.events_at, "most": ROWS_AT_ONCE}
    deleted: int = connection.execute(_EVENTS, values).scalar_one()
    return deleted


def purge_activity(connection: Connection, retention: Retention) -> int:
    """Merge a date's activity into sums without referrers; returns the number of deleted rows."""
    connection.execute(LOCK_DAYS_OF_REFERRERS)
    values = {"cutoff": retention.events}
    folded = [connection.execute(each, values).scalar_one() for each in _ACTIVITIES]
    connection.execute(_TOTALS, values)
    purge_days_of_referrers(connection, retention.events)
    return sum(folded)


def purge_journeys(connection: Connection, retention: Retention) -> int:
    """Recompute some people's first times from the kept events; returns the number of people."""
    claim_folding(connection)
    create_staging(connection)
    forgotten = connection.execute(_RECALL, {"cutoff": retention.events_at}).rowcount
    connection.execute(FORGET_JOURNEYS)
    recall_events_of_people(connection, retention.events_at)
    fold(connection, (*JOURNEYS, ACTIVE_WEEKS))
    return forgotten


def purge_weeks(connection: Connection, retention: Retention) -> int:
    """Delete some weekly activity of people before the kept dates; returns the number of rows."""
    monday = retention.events - timedelta(days=retention.events.weekday())
    return connection.execute(_WEEKS, {"week": monday, "cutoff": retention.events_at}).rowcount


def purge_links(connection: Connection, retention: Retention) -> int:
    """Delete some links that are no longer used; returns the number."""
    return connection.execute(_LINKS, {"cutoff": retention.events_at, "most": ROWS_AT_ONCE}).rowcount


def purge_link_counts(connection: Connection, _retention: Retention) -> int:
    """Delete some counts of links that are neither stored nor used; returns the number."""
    return connection.execute(_LINK_COUNTS).rowcount
