"""What is summed over everybody is read from totals, and who invited is counted from their days alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from metrics_api.access.identifiers import References
from metrics_api.db.database import Database
from metrics_api.detection.entity_lists import build_lists
from metrics_api.detection.flagged_days import fetch_flagged_days
from metrics_api.detection.query import Filter, Query, build_masked_query
from metrics_api.growth.choices import fetch_filters
from metrics_api.growth.k_factor import fetch_counts
from metrics_api.growth.loops import fetch_loop_performance
from metrics_api.growth.series import fetch_series
from metrics_api.growth.timeline import fetch_points
from metrics_api.health.evaluation import fetch_state
from metrics_api.ingest.links import save_links
from metrics_api.settings.detection import DetectionSettings
from tests.support.builders import NOON
from tests.support.plans import watch_statements
from viral_contract.models.links import LinkItem
from viral_contract.models.period import Period

_QUERY = build_masked_query(
    Period.last_days(7, now=NOON), DetectionSettings(_env_file=None), References("a key"), now=NOON
)
_READS: list[Callable[[Connection, Query], object]] = [
    lambda connection, query: fetch_counts(connection, query.period, query.filter),
    lambda connection, query: fetch_loop_performance(connection, query.period, {}, query.filter),
    lambda connection, query: fetch_points(connection, query, {}),
    lambda connection, query: fetch_series(connection, query, "conversions"),
    lambda connection, query: fetch_filters(connection, query, ""),
    lambda connection, query: fetch_state(connection, query.period, build_lists(())),
    lambda connection, query: fetch_flagged_days(connection, query, build_lists(())),
]
# Totals of years, and the pairs of days of as long.
_YEARS = (
    """
    INSERT INTO activity_per_day (day, source, has_referrer, clicks)
    SELECT DATE '2026-03-04' - day, 'loop ' || loop, has_referrer, 9
    FROM generate_series(0, 999) AS day, generate_series(1, 5) AS loop, (VALUES (true), (false)) AS of (has_referrer)
""",
    """
    INSERT INTO inviters_per_day (source, day, previous_day, inviters)
    SELECT source, DATE '2026-03-04' - day, DATE '2026-03-04' - day - before, 1
    FROM generate_series(0, 999) AS day, generate_series(1, 30) AS before, (VALUES (''), ('a')) AS of (source)
""",
)


@pytest.fixture
def years(connection: Connection) -> Connection:
    for statement in _YEARS:
        connection.execute(text(statement))
    connection.execute(text("ANALYZE activity_per_day, inviters_per_day"))
    return connection


@pytest.mark.parametrize("source", [None, "loop 1"])
@pytest.mark.parametrize("read", _READS)
def test_sums_over_all_referrers_are_read_from_the_period_s_totals(
    years: Connection, read: Callable[[Connection, Query], object], source: str | None
) -> None:
    with watch_statements(years) as statements:
        read(years, replace(_QUERY, filter=Filter(source=source)))
    assert not [sent for sent, _ in statements.sent if "activity_per_referrer_day" in sent]
    for plan in statements.explain(years):
        assert "Seq Scan on activity_per_day" not in plan
        assert "Seq Scan on inviters_per_day" not in plan


@pytest.mark.parametrize("is_analyzed", [True, False])
def test_a_link_reads_its_referrer_s_days_by_their_index(
    empty_database: Engine, connection: Connection, is_analyzed: bool
) -> None:
    connection.execute(
        text("""INSERT INTO activity_per_referrer_day (day, referrer_id, source, invites)
            SELECT DATE '2026-03-04' - day, 'user ' || number, 'a', number % 2
            FROM generate_series(0, 29) AS day, generate_series(1, 1000) AS number""")
    )
    if is_analyzed:
        connection.execute(text("ANALYZE activity_per_referrer_day"))
    links = [
        LinkItem(id=f"l-{n}", referrer_id=f"user {n}", source="b", inserted_at=NOON - n * timedelta(days=1))
        for n in range(20)
    ]
    with watch_statements(empty_database) as statements, Database(empty_database).write() as writing:
        save_links(writing, links, now=NOON)
        sent, given = next(each for each in statements.sent if "INTO inviters_per_day" in each[0])
        plan = "\n".join(writing.exec_driver_sql(f"EXPLAIN {sent}", given).scalars())
    assert "idx_activity_per_referrer_day_invites" in plan
    assert "Seq Scan on activity_per_referrer_day" not in plan
    assert "activity_per_referrer_day_pkey" not in plan.replace(
        "Conflict Arbiter Indexes: activity_per_referrer_day_pkey", ""
    )
