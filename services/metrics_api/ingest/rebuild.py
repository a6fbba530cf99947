"""Rebuilds the facts from events, links and content, one UTC day a step, while writers go on between the steps.

Facts of dates that were purged stay as they are: what they were made of is gone.
"""

from datetime import UTC, date, datetime, time

from sqlalchemy import Connection, text

from metrics_api.db.event_types import IS_COUNTED
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.tables import MAX_BURST_SECONDS
from metrics_api.ingest.combiner import forget_staged, own_facts
from metrics_api.ingest.content_facts import rebuild_counts
from metrics_api.ingest.content_tables import CONTENT_TABLES
from metrics_api.ingest.folds import fold, list_day_folds
from metrics_api.ingest.inviters import CHANGES, COUNT_AGAIN, build_fold, forget_days
from metrics_api.ingest.retained import Retained, fetch_retained
from metrics_api.ingest.staging import create_staging, recall_events_of_day

_FACTS_OF_EVENTS = (
    "clicks_per_ip_day",
    "devices_per_network_day",
    "referrers_per_network_day",
    "clicks_per_device_day",
    "bursts_per_device_day",
    "activity_per_referrer_day",
    "activity_per_campaign_day",
    "activity_per_day",
    "conversions_per_referrer_day",
    "traffic_per_day",
    "referrals",
)
_FACTS_OF_JOURNEYS = (
    "funnel_per_day",
    "users_per_cohort_week",
    "signups_per_day",
    "cycles",
    "cycles_per_day",
)
_CONTENT = (*(table.name for table in CONTENT_TABLES.values()), "violations")

# Every day that has events, links, content or facts left over from what is gone.
_DAYS = text(f"""
    SELECT day FROM (
        SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day FROM attribution_events
        UNION SELECT (inserted_at AT TIME ZONE 'UTC')::date FROM attribution_links
        UNION SELECT day FROM content_per_day WHERE kind = 'link'
        {" ".join(f"UNION SELECT day FROM {table}" for table in _FACTS_OF_EVENTS)}
    ) AS days WHERE day >= :events
    UNION SELECT day FROM (
        SELECT day FROM content_per_day WHERE kind <> 'link'
        {" ".join(f"UNION SELECT (inserted_at AT TIME ZONE 'UTC')::date FROM {table}" for table in _CONTENT)}
    ) AS days WHERE day >= :content
    ORDER BY 1
""")

# A burst of a device that clicked at the beginning of the first kept date may have begun with clicks that are purged:
# it is not rebuilt.
_CLICKED_AT_MIDNIGHT = f"""EXISTS (
    SELECT FROM attribution_events AS event
    WHERE event_type = 'click' AND event.device_fingerprint = fact.device_fingerprint
        AND occurred_at >= fact.day::timestamp AT TIME ZONE 'UTC'
        AND occurred_at <= fact.day::timestamp AT TIME ZONE 'UTC' + interval '{MAX_BURST_SECONDS} seconds'
)"""

_START_OVER = (
    "DELETE FROM user_journeys",
    "DELETE FROM active_weeks",
    *(f"DELETE FROM {table}" for table in _FACTS_OF_JOURNEYS),
    "DELETE FROM device_users",
    *COUNT_AGAIN,
    "DELETE FROM link_counts",
    f"""INSERT INTO link_counts (link_id, clicks, conversions)
       SELECT link_id, count(*) FILTER (WHERE event_type = 'click'), count(*) FILTER (WHERE event_type = 'conversion')
       FROM attribution_events
       WHERE link_id IS NOT NULL AND event_type IN ('click', 'conversion') AND {IS_COUNTED} GROUP BY link_id""",
    """UPDATE attribution_links link SET click_count = coalesce(counts.clicks, 0),
           conversion_count = coalesce(counts.conversions, 0)
       FROM attribution_links same LEFT JOIN link_counts counts USING (link_id) WHERE same.link_id = link.link_id""",
)

_LINKS_OF_DAY = """FROM attribution_links
    WHERE inserted_at >= :start AND inserted_at < :start + interval '1 day'"""

_FOLD_LINKS_OF_DAY = (
    f"""WITH saved AS (
            INSERT INTO activity_per_referrer_day AS fact (day, referrer_id, source, invites)
            SELECT :day, referrer_id, source, count(*) {_LINKS_OF_DAY} GROUP BY referrer_id, source
            ON CONFLICT (day, referrer_id, source) DO UPDATE SET invites = fact.invites + excluded.invites
            RETURNING {CHANGES}
        ), {build_fold("saved")} SELECT 1""",
    f"""INSERT INTO activity_per_day AS fact (day, source, has_referrer, invites)
        SELECT :day, source, true, count(*) {_LINKS_OF_DAY} GROUP BY source
        ON CONFLICT (day, source, has_referrer) DO UPDATE SET invites = fact.invites + excluded.invites""",
    f"""INSERT INTO activity_per_campaign_day AS fact (campaign, day, referrer_id, source, invites)
        SELECT campaign, :day, referrer_id, source, count(*) {_LINKS_OF_DAY} AND campaign IS NOT NULL
        GROUP BY campaign, referrer_id, source
        ON CONFLICT (campaign, day, referrer_id, source) DO UPDATE SET invites = fact.invites + excluded.invites""",
    f"""INSERT INTO content_per_day (day, kind, items, unopened)
        SELECT :day, 'link', count(*), count(*) FILTER (WHERE click_count = 0) {_LINKS_OF_DAY} HAVING count(*) > 0""",
)


def plan_rebuild(connection: Connection) -> list[str]:
    """Start over with the facts of no particular day, and name the days to go through.

    Both happen while writers are kept out: whatever is posted later is in the facts at once, on these days and others.
    """
    own_facts(connection)
    forget_staged(connection)
    for statement in _START_OVER:
        connection.execute(text(statement))
    retained = fetch_retained(connection)
    return [day.isoformat() for day in connection.execute(_DAYS, retained.__dict__).scalars()]


def rebuild_step(connection: Connection, day: str, rules: FactRules) -> None:
    """Rebuild the facts of one day of `plan_rebuild`; doing it again changes nothing."""
    own_facts(connection)
    _rebuild_day(connection, date.fromisoformat(day), rules, fetch_retained(connection))


def _rebuild_day(connection: Connection, day: date, rules: FactRules, retained: Retained) -> None:
    start = datetime.combine(day, time.min, tzinfo=UTC)
    if day >= retained.events:
        _empty_day(connection, day, retained)
        _rebuild_events(connection, day, start, rules)
    if day >= retained.content:
        connection.execute(text("DELETE FROM content_per_day WHERE day = :day AND kind <> 'link'"), {"day": day})
        for content in CONTENT_TABLES.values():
            rebuild_counts(connection, content, start)


def _empty_day(connection: Connection, day: date, retained: Retained) -> None:
    forget_days(connection, "day = :value", day)
    for table in _FACTS_OF_EVENTS:
        rest = (
            f"AND NOT ({_CLICKED_AT_MIDNIGHT})" if table == "bursts_per_device_day" and day == retained.events else ""
        )
        connection.execute(text(f"DELETE FROM {table} AS fact WHERE day = :day {rest}"), {"day": day})
    connection.execute(text("DELETE FROM content_per_day WHERE day = :day AND kind = 'link'"), {"day": day})


def _rebuild_events(connection: Connection, day: date, start: datetime, rules: FactRules) -> None:
    create_staging(connection)
    recall_events_of_day(connection, start, rules)
    fold(connection, list_day_folds())
    for statement in _FOLD_LINKS_OF_DAY:
        connection.execute(text(statement), {"day": day, "start": start})
