"""The power meter: each night, what the rules would find of frauds planted in a copy of the facts.

The copies are temporary tables with the names of the facts, which PostgreSQL finds first, so that the rules are those
that judge the facts themselves. The transaction is rolled back; only the counts are kept.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, insert, text

from metrics_api.context import Context
from metrics_api.db.tables import device_users, power_results, referrals
from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import Query, build_masked_query
from metrics_api.detection.referrers.farms import find_farms
from metrics_api.detection.referrers.finding import DAYS, build_window
from metrics_api.detection.referrers.rings import find_rings
from metrics_api.detection.referrers.timing import find_timing
from metrics_api.drafts.plants import SIZES, STEPS, Plant, build_plants
from metrics_api.ingest.referrals import count_users_again
from viral_contract.models.period import Period
from viral_contract.models.quality import PlantKind, Power

PER_SIZE = 20
_KEPT_DAYS = timedelta(days=30)
_COPIES = (
    "CREATE TEMPORARY TABLE referrals ON COMMIT DROP AS SELECT * FROM referrals WHERE day BETWEEN :start AND :end",
    """CREATE TEMPORARY TABLE device_users ON COMMIT DROP AS
        SELECT * FROM device_users WHERE last_day >= :start AND first_day <= :end""",
)
_INDEXES = (
    "CREATE INDEX ON referrals (day)",
    "CREATE INDEX ON referrals (referrer_id, occurred_at)",
    "CREATE INDEX ON referrals (user_id, day)",
    "CREATE INDEX ON referrals (device_fingerprint, day)",
    "CREATE INDEX ON device_users (device_fingerprint, user_id)",
    "CREATE INDEX ON device_users (device_fingerprint, user_id) WHERE connects",
)
# Statements that this session has prepared find the tables by their names again.
_FIND_COPIES = ("DISCARD PLANS", "ANALYZE referrals", "ANALYZE device_users")
_IS_MEASURED = text("SELECT EXISTS (SELECT FROM power_results WHERE day = :day)")
_NEWEST = text("""
    SELECT day, plant, size, planted, found FROM power_results
    WHERE day = (SELECT max(day) FROM power_results) ORDER BY plant, size
""")


class _CopiesDoneError(Exception):
    """Ends the transaction of the copies."""


def measure_power(context: Context, *, now: datetime) -> None:
    """Measure with yesterday's facts, unless that is done."""
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    with context.database.read() as connection:
        if connection.execute(_IS_MEASURED, {"day": yesterday}).scalar_one():
            return
    found = try_plants(context, yesterday)
    with context.database.write() as connection:
        connection.execute(text("DELETE FROM power_results WHERE day < :kept"), {"kept": yesterday - _KEPT_DAYS})
        rows = [
            {"day": yesterday, "plant": kind, "size": size, "planted": PER_SIZE, "found": found[kind, size]}
            for kind, sizes in SIZES.items()
            for size in sizes
        ]
        connection.execute(insert(power_results).values(rows))


def try_plants(context: Context, day: date, per_size: int = PER_SIZE) -> Counter[tuple[PlantKind, int]]:
    """How many plants of each kind and size the rules find in a copy of the facts up to this date."""
    found: Counter[tuple[PlantKind, int]] = Counter()
    until = datetime.combine(day, time.max, UTC)
    query = build_masked_query(Period.between(day, day), context.settings.detection, context.references, now=until)
    try:
        with context.database.write() as connection:
            _copy_facts(connection, day)
            for step in range(STEPS):
                plants = list(build_plants(str(day), step, per_size, until))
                found += Counter((kind, SIZES[kind][step]) for kind in _find(connection, query, plants))
            raise _CopiesDoneError
    except _CopiesDoneError:
        return found


def _copy_facts(connection: Connection, day: date) -> None:
    values = {"start": day - timedelta(days=DAYS - 1), "end": day}
    for statement in _COPIES:
        connection.execute(text(statement), values)
    for statement in (*_INDEXES, *_FIND_COPIES):
        connection.execute(text(statement))


def _find(connection: Connection, query: Query, plants: Sequence[tuple[PlantKind, Plant]]) -> list[PlantKind]:
    """The kinds of the plants that their rule finds; the copy is then as it was."""
    with connection.begin_nested() as planted:
        connection.execute(insert(referrals), [row for _, plant in plants for row in plant.referrals])
        users = _unite(plants)
        connection.execute(insert(device_users), users)
        count_users_again(connection, {str(row["device_fingerprint"]) for row in users})
        window = build_window(query, fetch_active_lists(connection, query))
        accused = {
            (finding.referrer_id, finding.rule)
            for rule in (find_farms, find_timing, find_rings)
            for finding in rule(connection, window)
        }
        planted.rollback()
    return [kind for kind, plant in plants if any((referrer, kind) in accused for referrer in plant.referrers)]


def _unite(plants: Sequence[tuple[PlantKind, Plant]]) -> list[dict[str, object]]:
    """One row for each user of each device."""
    rows = {(row["device_fingerprint"], row["user_id"]): row for _, plant in plants for row in plant.device_users}
    return list(rows.values())


def fetch_power(connection: Connection) -> tuple[date | None, list[Power]]:
    """The newest night's result, and its date."""
    rows = connection.execute(_NEWEST).all()
    power = [
        Power(
            plant=row.plant,
            size=row.size,
            planted=row.planted,
            found=row.found,
            found_share=row.found / row.planted,
        )
        for row in rows
    ]
    return (rows[0].day if rows else None), power
