"""How new events change the facts; each fold is one statement over `new_events`, or a function that sends a few.

One transaction folds at a time. Writers of links touch some of the same rows: all write them in the order of their
keys, and run what touches them in the same order, so that they never wait in a circle.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, text
from sqlalchemy.sql.elements import TextClause

from metrics_api.ingest.active_weeks import ACTIVE_WEEKS
from metrics_api.ingest.bursts import BURSTS
from metrics_api.ingest.inviters import ACTIVE, CHANGES, LOCK_DAYS_OF_REFERRERS, build_fold
from metrics_api.ingest.journeys import JOURNEYS
from metrics_api.ingest.networks import fold_networks
from metrics_api.ingest.referrals import DEVICE_USERS, REFERRALS
from viral_contract.models.events import Event

_CLICKS_PER_DEVICE_DAY = text("""
    INSERT INTO clicks_per_device_day AS fact (day, device_fingerprint, clicks, first_click_at, last_click_at)
    SELECT day, device_fingerprint, count(*), min(occurred_at), max(occurred_at) FROM new_events
    WHERE event_type = 'click' AND device_fingerprint IS NOT NULL
    GROUP BY day, device_fingerprint ORDER BY day, device_fingerprint
    ON CONFLICT (day, device_fingerprint) DO UPDATE SET
        clicks = fact.clicks + excluded.clicks,
        first_click_at = least(fact.first_click_at, excluded.first_click_at),
        last_click_at = greatest(fact.last_click_at, excluded.last_click_at)
""")

_LINK_COUNTS = text("""
    INSERT INTO link_counts AS fact (link_id, clicks, conversions)
    SELECT link_id, count(*) FILTER (WHERE event_type = 'click'), count(*) FILTER (WHERE event_type = 'conversion')
    FROM new_events WHERE link_id IS NOT NULL AND event_type IN ('click', 'conversion')
    GROUP BY link_id ORDER BY link_id
    ON CONFLICT (link_id) DO UPDATE SET
        clicks = fact.clicks + excluded.clicks, conversions = fact.conversions + excluded.conversions
""")

_LINKS = text("""
    UPDATE attribution_links link SET click_count = counts.clicks, conversion_count = counts.conversions
    FROM link_counts counts
    WHERE counts.link_id = link.link_id AND link.link_id IN (
        SELECT link_id FROM new_events WHERE event_type IN ('click', 'conversion'))
""")

# A link whose clicks are all of this batch had none before.
_LINKS_OPENED = text("""
    INSERT INTO content_per_day AS fact (day, kind, unopened)
    SELECT (link.inserted_at AT TIME ZONE 'UTC')::date, 'link', -count(*)
    FROM (SELECT link_id, count(*) AS clicks FROM new_events WHERE event_type = 'click' GROUP BY link_id) AS batch
        JOIN link_counts USING (link_id, clicks) JOIN attribution_links link USING (link_id)
    GROUP BY 1 ORDER BY 1
    ON CONFLICT (day, kind) DO UPDATE SET unopened = fact.unopened + excluded.unopened
""")

_COUNTS = """count(*) FILTER (WHERE event_type = 'click') AS clicks,
        count(*) FILTER (WHERE event_type = 'visit') AS visits,
        count(*) FILTER (WHERE event_type = 'signup') AS signups,
        count(*) FILTER (WHERE event_type = 'conversion') AS conversions,
        count(*) FILTER (WHERE event_type = 'activation') AS activations"""
_ADD_COUNTS = """clicks = fact.clicks + excluded.clicks, visits = fact.visits + excluded.visits,
        signups = fact.signups + excluded.signups, conversions = fact.conversions + excluded.conversions,
        activations = fact.activations + excluded.activations"""
# What every batch changes, in one statement.
_TOTALS = text(f"""
    WITH traffic AS (
        INSERT INTO traffic_per_day AS fact (day, source, traffic_class, traffic_reason, clicks, visits, sample)
        SELECT day, source, traffic_class, traffic_reason, sum(clicks), sum(visits),
            min(sample::text COLLATE "C")::uuid
        FROM new_traffic GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        ON CONFLICT (day, source, traffic_class, traffic_reason) DO UPDATE SET
            clicks = fact.clicks + excluded.clicks,
            visits = fact.visits + excluded.visits,
            sample = least(fact.sample, excluded.sample)
    ), campaigns AS (
        INSERT INTO activity_per_campaign_day AS fact
            (campaign, day, referrer_id, source, clicks, visits, signups, conversions, activations)
        SELECT campaign, day, coalesce(referrer_id, ''), coalesce(source, ''), {_COUNTS}
        FROM new_events WHERE campaign IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        ON CONFLICT (campaign, day, referrer_id, source) DO UPDATE SET {_ADD_COUNTS}
    ), counted AS MATERIALIZED (
        SELECT day, coalesce(referrer_id, '') AS referrer_id, coalesce(source, '') AS source, {_COUNTS}
        FROM new_events GROUP BY 1, 2, 3
    ), totals AS (
        INSERT INTO activity_per_day AS fact
            (day, source, has_referrer, clicks, visits, signups, conversions, activations)
        SELECT day, source, referrer_id <> '', sum(clicks), sum(visits), sum(signups), sum(conversions),
            sum(activations) FROM counted GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (day, source, has_referrer) DO UPDATE SET {_ADD_COUNTS}
    ), converted AS (
        INSERT INTO conversions_per_referrer_day AS fact (source, referrer_id, day, conversions)
        SELECT loop, referrer_id, day, sum(conversions)
        FROM counted CROSS JOIN LATERAL (VALUES (''), (nullif(source, ''))) AS loops (loop)
        WHERE conversions > 0 AND referrer_id <> '' AND loop IS NOT NULL
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (source, referrer_id, day) DO UPDATE SET conversions = fact.conversions + excluded.conversions
    ), credited AS (
        INSERT INTO activity_per_referrer_day AS fact
            (day, referrer_id, source, clicks, visits, signups, conversions, activations)
        SELECT * FROM counted ORDER BY day, referrer_id, source
        ON CONFLICT (day, referrer_id, source) DO UPDATE SET {_ADD_COUNTS}
        RETURNING {CHANGES}
    ), {build_fold("credited", [ACTIVE])}
    SELECT 1
""")

Fold = TextClause | Callable[[Connection], None]


def list_folds() -> list[Fold]:
    """Every fold.

    The rows that writers of links want, too, of today's activity and content, come last and so are locked the shortest.
    """
    return [_LINK_COUNTS, _LINKS, *list_day_folds(), _LINKS_OPENED]


def list_day_folds() -> list[Fold]:
    """The folds of what belongs to one day; running them again over all events of an emptied day changes nothing."""
    return [
        fold_networks,
        _CLICKS_PER_DEVICE_DAY,
        BURSTS,
        *JOURNEYS,
        REFERRALS,
        DEVICE_USERS,
        ACTIVE_WEEKS,
        LOCK_DAYS_OF_REFERRERS,
        _TOTALS,
    ]


def choose_folds(events: Sequence[Event]) -> list[Fold]:
    """Those of `list_folds` that change a fact where these events, which count, are new, or others that do not."""
    clicks = [event for event in events if event.event_type == "click"]
    of_links = any(event.link_id is not None and event.event_type in ("click", "conversion") for event in events)
    of_devices = any(click.device_fingerprint is not None for click in clicks)
    of_known = any(event.user_id is not None and event.device_fingerprint is not None for event in events)
    wanted: list[tuple[bool, tuple[Fold, ...]]] = [
        (of_links, (_LINK_COUNTS, _LINKS)),
        (any(click.ip_address is not None for click in clicks), (fold_networks,)),
        (of_devices, (_CLICKS_PER_DEVICE_DAY, BURSTS)),
        (any(_has_person(event) for event in events), JOURNEYS),
        (any(_is_of_referral(event) for event in events), (REFERRALS,)),
        (of_known, (DEVICE_USERS,)),
        (any(event.user_id is not None for event in events), (ACTIVE_WEEKS,)),
        (True, (LOCK_DAYS_OF_REFERRERS, _TOTALS)),
        (of_links, (_LINKS_OPENED,)),
    ]
    return [each for is_needed, folds in wanted if is_needed for each in folds]


def _has_person(event: Event) -> bool:
    return (event.user_id or event.session_id or event.device_fingerprint) is not None


def _is_of_referral(event: Event) -> bool:
    """Whether it may be a referral, or the click before one; a link may name the referrer."""
    has_referrer = (event.referrer_id or event.link_id) is not None
    is_known_click = event.event_type == "click" and _has_person(event)
    return has_referrer and (is_known_click or event.event_type in ("signup", "conversion"))


def fold(connection: Connection, folds: Sequence[Fold]) -> None:
    """Run the folds over what is in `new_events`."""
    for each in folds:
        if isinstance(each, TextClause):
            connection.execute(each)
        else:
            each(connection)
