"""How new events change the facts; each fold is one statement over `new_events`, or a function that sends a few.

Every fold writes its rows in the order of their keys and all transactions run the folds in the same order, so that
writers that touch the same addresses and devices wait for one another and never in a circle.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, text
from sqlalchemy.sql.elements import TextClause

from metrics_api.db.event_types import CLICKER, IS_COUNTED
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.tables import BURST_SIZES, MAX_BURST_SECONDS
from metrics_api.ingest.journeys import JOURNEYS
from metrics_api.ingest.networks import fold_networks
from viral_contract.models.events import Event

_LOCK_BUCKETS = 256
_SHARDS = 16
_LARGEST = max(BURST_SIZES)
_NEAR = timedelta(seconds=MAX_BURST_SECONDS)
_LONGEST_BURST = f"interval '{MAX_BURST_SECONDS} seconds'"

# A burst may span two transactions that do not see each other's clicks. The second to reach a device must wait for
# the first to commit; its next statement then sees those clicks. On one day the row of the device's clicks makes it
# wait. Over midnight these are two rows, so that clicks near it take a lock here; buckets keep their number small.
_LOCK_DEVICES_AT_MIDNIGHT = text(f"""
    SELECT pg_advisory_xact_lock({MAX_BURST_SECONDS}, bucket) FROM (
        SELECT DISTINCT hashtext(device_fingerprint) & {_LOCK_BUCKETS - 1} AS bucket FROM new_events
        WHERE event_type = 'click' AND device_fingerprint IS NOT NULL
            AND ((occurred_at + {_LONGEST_BURST}) AT TIME ZONE 'UTC')::date
                <> ((occurred_at - {_LONGEST_BURST}) AT TIME ZONE 'UTC')::date
        ORDER BY 1
    ) AS buckets
""")

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


def _neighbours(comparison: str, order: str, limit: int) -> str:
    return f"""(SELECT event_id, occurred_at FROM attribution_events e
        WHERE e.event_type = 'click' AND {IS_COUNTED} AND e.device_fingerprint = moment.device_fingerprint
            AND {CLICKER} = moment.clicker AND {comparison}
        ORDER BY e.occurred_at {order} LIMIT {limit})"""


def _bursts_statement() -> TextClause:
    """Fold the fastest bursts of one person that contain a new click.

    A new click can only complete a burst with its nearest neighbours on either side, so a fixed number of index
    look-ups is enough, however long the device's history is. Windows between clicks that are not truly adjacent may
    appear among the candidates; each is longer than a true one with the same last click, so the minimum is exact.
    """
    before = _neighbours(
        f"e.occurred_at < moment.occurred_at AND e.occurred_at >= moment.occurred_at - {_LONGEST_BURST}",
        "DESC",
        _LARGEST - 1,
    )
    at = _neighbours("e.occurred_at = moment.occurred_at", "ASC", _LARGEST)
    after = _neighbours(
        f"e.occurred_at > moment.occurred_at AND e.occurred_at <= moment.occurred_at + {_LONGEST_BURST}",
        "ASC",
        _LARGEST - 1,
    )
    spans = ", ".join(f"occurred_at - lag(occurred_at, {size - 1}) OVER clicks AS span_{size}" for size in BURST_SIZES)
    names = [f"span_{size}" for size in BURST_SIZES]
    fastest = ", ".join(f"min({name}) FILTER (WHERE {name} <= {_LONGEST_BURST}) AS {name}" for name in names)
    return text(f"""
        WITH moment AS (
            SELECT DISTINCT device_fingerprint, {CLICKER} AS clicker, occurred_at FROM new_events
            WHERE event_type = 'click' AND device_fingerprint IS NOT NULL
        ), candidate AS (
            SELECT DISTINCT moment.device_fingerprint, moment.clicker, neighbour.event_id, neighbour.occurred_at
            FROM moment CROSS JOIN LATERAL ({before} UNION ALL {at} UNION ALL {after}) AS neighbour
        ), burst AS (
            SELECT device_fingerprint, occurred_at, {spans} FROM candidate
            WINDOW clicks AS (PARTITION BY device_fingerprint, clicker ORDER BY occurred_at)
        )
        INSERT INTO bursts_per_device_day AS fact (day, device_fingerprint, {", ".join(names)})
        SELECT (occurred_at AT TIME ZONE 'UTC')::date, device_fingerprint, {fastest}
        FROM burst WHERE span_{BURST_SIZES[0]} <= {_LONGEST_BURST}
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (day, device_fingerprint) DO UPDATE SET
            {", ".join(f"{name} = least(fact.{name}, excluded.{name})" for name in names)}
    """)


_BURSTS = _bursts_statement()
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

ACTIVE_WEEKS = text("""
    INSERT INTO active_weeks (week, person)
    SELECT DISTINCT date_trunc('week', day)::date, person FROM new_events WHERE person LIKE 'user:%' ORDER BY 1, 2
    ON CONFLICT (week, person) DO NOTHING
""")

# What every batch changes, in one statement. All writers count the same few classes of traffic, so that each session
# has its own rows of them; readers add them up.
_TOTALS = text(f"""
    WITH traffic AS (
        INSERT INTO traffic_per_day AS fact (day, source, traffic_class, traffic_reason, shard, clicks, visits, sample)
        SELECT day, source, traffic_class, traffic_reason, pg_backend_pid() % {_SHARDS}, clicks, visits, sample
        FROM new_traffic ORDER BY day, source, traffic_class, traffic_reason
        ON CONFLICT (day, source, traffic_class, traffic_reason, shard) DO UPDATE SET
            clicks = fact.clicks + excluded.clicks,
            visits = fact.visits + excluded.visits,
            sample = least(fact.sample, excluded.sample)
    )
    INSERT INTO activity_per_referrer_day AS fact
        (day, referrer_id, source, clicks, visits, signups, conversions, activations)
    SELECT day, coalesce(referrer_id, ''), coalesce(source, ''),
        count(*) FILTER (WHERE event_type = 'click'),
        count(*) FILTER (WHERE event_type = 'visit'),
        count(*) FILTER (WHERE event_type = 'signup'),
        count(*) FILTER (WHERE event_type = 'conversion'),
        count(*) FILTER (WHERE event_type = 'activation')
    FROM new_events GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (day, referrer_id, source) DO UPDATE SET
        clicks = fact.clicks + excluded.clicks,
        visits = fact.visits + excluded.visits,
        signups = fact.signups + excluded.signups,
        conversions = fact.conversions + excluded.conversions,
        activations = fact.activations + excluded.activations
""")

Fold = TextClause | Callable[[Connection], None]


def list_day_folds(rules: FactRules) -> list[Fold]:
    """The folds of what belongs to one day; running them again over all events of an emptied day changes nothing."""
    return [
        _LOCK_DEVICES_AT_MIDNIGHT,
        partial(fold_networks, ipv6_prefix=rules.ipv6_prefix),
        _CLICKS_PER_DEVICE_DAY,
        _BURSTS,
        *JOURNEYS,
        ACTIVE_WEEKS,
        _TOTALS,
    ]


def choose_folds(events: Sequence[Event], rules: FactRules, *, now: datetime) -> list[Fold]:
    """The folds that change a fact where these events, which count, are new, or others that do not.

    The rows that every writer wants, of today's activity and content, come last and so are locked the shortest.
    """
    clicks = [event for event in events if event.event_type == "click"]
    of_devices = [click for click in clicks if click.device_fingerprint is not None]
    of_links = any(event.link_id is not None and event.event_type in ("click", "conversion") for event in events)
    networks = partial(fold_networks, ipv6_prefix=rules.ipv6_prefix)
    wanted: list[tuple[bool, tuple[Fold, ...]]] = [
        (of_links, (_LINK_COUNTS, _LINKS)),
        (any(_is_near_midnight(click.occurred_at or now) for click in of_devices), (_LOCK_DEVICES_AT_MIDNIGHT,)),
        (any(click.ip_address is not None for click in clicks), (networks,)),
        (bool(of_devices), (_CLICKS_PER_DEVICE_DAY, _BURSTS)),
        (any(_has_person(event) for event in events), JOURNEYS),
        (any(event.user_id is not None for event in events), (ACTIVE_WEEKS,)),
        (True, (_TOTALS,)),
        (of_links, (_LINKS_OPENED,)),
    ]
    return [each for is_needed, folds in wanted if is_needed for each in folds]


def _has_person(event: Event) -> bool:
    return (event.user_id or event.session_id or event.device_fingerprint) is not None


def _is_near_midnight(at: datetime) -> bool:
    since_midnight = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
    of_day = (since_midnight - (at.utcoffset() or timedelta())) % timedelta(days=1)
    return not _NEAR <= of_day < timedelta(days=1) - _NEAR


def fold(connection: Connection, folds: Sequence[Fold]) -> None:
    """Run the folds over what is in `new_events`."""
    for each in folds:
        if isinstance(each, TextClause):
            connection.execute(each)
        else:
            each(connection)
