"""Funnel, retention cohorts and cycle time are read from counts, and cycle time is exact all the same."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from statistics import quantiles

import pytest
from sqlalchemy import Connection, text

from metrics_api.access.identifiers import References
from metrics_api.detection.query import Filter, Query, build_masked_query
from metrics_api.growth.cohorts import fetch_cohorts
from metrics_api.growth.cycle_time import fetch_cycle_time
from metrics_api.growth.funnel import fetch_funnel
from metrics_api.settings.detection import DetectionSettings
from tests.support.builders import NOON
from tests.support.plans import watch_statements
from viral_contract.models.period import Period

_QUERY = build_masked_query(
    Period.last_days(7, now=NOON), DetectionSettings(_env_file=None), References("a key"), now=NOON
)
_READS: list[Callable[[Connection, Query], object]] = [
    fetch_funnel,
    lambda connection, query: fetch_cohorts(connection, 8, query.filter, now=query.now),
    fetch_cycle_time,
]
_GROWING = ("user_journeys", "active_weeks", "activity_per_referrer_day")
# Two cycles in three are of the period; many take equally long.
_CYCLES = text("""
    INSERT INTO cycles (person, referrer_id, inviter_day, day, source, hours)
    SELECT 'user:' || n, 'inviter', CAST(:day AS date), CAST(:day AS date) - n % 3 * 5, 'loop ' || n % 2,
        (n * n % 1009) / 7.0 FROM generate_series(1, :number) AS n
""")
_COUNTS = text("""
    INSERT INTO cycles_per_day (day, source, bucket, cycles)
    SELECT day, source, bucket, count(*) FROM cycles GROUP BY day, source, bucket
""")


def save_cycles(connection: Connection, number: int) -> None:
    connection.execute(_CYCLES, {"day": NOON.date(), "number": number})
    connection.execute(_COUNTS)
    connection.execute(text("ANALYZE cycles, cycles_per_day"))


@pytest.mark.parametrize("source", [None, "loop 1"])
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 8, 1000])
def test_cycle_time_is_that_of_all_cycles(connection: Connection, number: int, source: str | None) -> None:
    save_cycles(connection, number)
    answer = fetch_cycle_time(connection, replace(_QUERY, filter=Filter(source=source)))
    wanted = [n for n in range(1, number + 1) if n % 3 < 2 and (source is None or n % 2 == 1)]
    hours = [n * n % 1009 / 7 for n in wanted]
    quarters = quantiles(hours, n=4, method="inclusive") if len(hours) > 1 else hours * 3
    assert (answer.pairs, answer.median_hours, answer.p75_hours) == (
        len(hours),
        pytest.approx(quarters[1]),
        pytest.approx(quarters[2]),
    )


@pytest.mark.parametrize("source", [None, "loop 1"])
@pytest.mark.parametrize("read", _READS)
def test_reads_of_people_touch_nothing_that_grows_with_people(
    connection: Connection, read: Callable[[Connection, Query], object], source: str | None
) -> None:
    save_cycles(connection, 20_000)
    with watch_statements(connection) as statements:
        read(connection, replace(_QUERY, filter=Filter(source=source)))
    assert not [sent for sent, _ in statements.sent for table in _GROWING if table in sent]
    assert "Seq Scan on cycles " not in "\n".join(statements.explain(connection))


def test_no_cycle_is_no_time(connection: Connection) -> None:
    answer = fetch_cycle_time(connection, replace(_QUERY, period=Period.last_days(3, now=NOON - timedelta(days=90))))
    assert (answer.pairs, answer.median_hours, answer.p75_hours, answer.open) == (0, None, None, 0)
