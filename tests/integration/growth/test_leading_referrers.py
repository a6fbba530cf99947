"""The first page of referrers is the same whether everybody's conversions are added up or only the leaders'."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import Connection, text

from metrics_api.context import Context
from metrics_api.db.paging import Page
from metrics_api.detection.query import Filter, Query, build_masked_query
from metrics_api.growth import leading_referrers
from metrics_api.growth.referrers import build_sorting, fetch_referrers
from tests.support.builders import NOON
from tests.support.plans import watch_statements
from viral_contract.models.growth import PerformanceSort
from viral_contract.models.period import Period

PERIOD = Period.last_days(7, now=NOON)
_ACTIVITY = text("""
    INSERT INTO activity_per_referrer_day (day, referrer_id, source, invites, clicks, conversions)
    VALUES (:day, :referrer, :source, :invites, :clicks, :conversions)
""")
_CONVERSIONS = text("""
    INSERT INTO conversions_per_referrer_day (source, referrer_id, day, conversions)
    SELECT loop, referrer_id, day, sum(conversions) FROM activity_per_referrer_day
        CROSS JOIN LATERAL (VALUES (''), (nullif(source, ''))) AS loops (loop)
    WHERE conversions > 0 AND referrer_id <> '' AND loop IS NOT NULL GROUP BY 1, 2, 3
""")


def _save_activity(connection: Connection, random: Random, referrers: int, most: int) -> None:
    """Activity of 9 days, one of them before and one after the period."""
    days = [PERIOD.start + timedelta(days=number) for number in range(-1, 8)]
    rows = [
        {
            "day": day,
            "referrer": f"r-{number}" if number else "",
            "source": source,
            "invites": random.randrange(2),
            "clicks": random.randrange(3),
            "conversions": max(0, random.randrange(-2, most)) * (1 + 5 * (number % 17 == 0)),
        }
        for number in range(referrers)
        for day in days
        for source in ("", "prep_pack", "buddy_challenge")
        if random.random() < 0.4
    ]
    connection.execute(_ACTIVITY, rows)
    connection.execute(_CONVERSIONS)


def _build_query(context: Context, limit: int, source: str | None = None) -> Query:
    query = build_masked_query(PERIOD, context.settings.detection, context.references, now=NOON, page=Page(limit))
    return replace(query, filter=Filter(source))


@pytest.mark.parametrize("sort", ["conversions", "clean_conversions"])
@pytest.mark.parametrize(("referrers", "most"), [(4, 3), (60, 3), (60, 40), (300, 8)])
def test_pages_by_leaders_are_those_of_all(
    connection: Connection, context: Context, sort: PerformanceSort, referrers: int, most: int
) -> None:
    random = Random(referrers * most)
    _save_activity(connection, random, referrers, most)
    suspect = {f"r-{number}": random.randrange(4) for number in range(1, referrers, 3)}
    for source in (None, "prep_pack", "nowhere"):
        query = _build_query(context, 1_000, source)
        everyone = fetch_referrers(connection, query, suspect, build_sorting(sort)).referrers
        for limit in (1, 3, 10, 50):
            page = fetch_referrers(connection, replace(query, page=Page(limit)), suspect, build_sorting(sort))
            assert page.referrers == everyone[:limit]
            assert bool(page.next_cursor) == (len(everyone) > limit)


def test_pages_after_the_first_go_on_behind_it(connection: Connection, context: Context) -> None:
    _save_activity(connection, Random(7), 40, 3)
    query, sorting = _build_query(context, 1_000), build_sorting()
    everyone = [each.referrer_id for each in fetch_referrers(connection, query, {}, sorting).referrers]
    listed: list[str] = []
    after: tuple[str, ...] | None = None
    while len(listed) < len(everyone):
        answer = fetch_referrers(connection, replace(query, page=Page(7, after)), {}, sorting)
        listed += [each.referrer_id for each in answer.referrers]
        last = answer.referrers[-1]
        after = (str(last.conversions), f"{10**12 - last.invites:013d}{last.referrer_id}")
    assert listed == everyone


def test_candidates_alone_are_read_for_the_first_page(connection: Connection, context: Context) -> None:
    _save_activity(connection, Random(1), 3_000, 30)
    connection.execute(text("VACUUM ANALYZE activity_per_referrer_day, conversions_per_referrer_day"))
    query = _build_query(context, 10)
    with watch_statements(connection) as statements:
        found = leading_referrers.find_leading(
            connection,
            query,
            {"start": PERIOD.start, "end": PERIOD.end, "days": PERIOD.dates()},
            value="conversions",
            apart=(),
            counted="{per_referrer}",
            is_wanted="true",
        )
    assert found
    assert len(found) < 30
    for plan in statements.explain(connection):
        assert "Index Only Scan using idx_conversions_per_referrer_day_most" in plan
        assert "Seq Scan on" not in plan


def test_flagged_referrers_take_no_places_of_others_by_clean_conversions(
    connection: Connection, context: Context
) -> None:
    """However many of them have the most conversions."""
    counts = {f"f-{number}": 100 for number in range(200)} | {f"r-{number}": number for number in range(1, 51)}
    rows = [
        {"day": day, "referrer": name, "source": "prep_pack", "invites": 1, "clicks": 1, "conversions": count}
        for day in PERIOD.dates()
        for name, count in counts.items()
    ]
    connection.execute(_ACTIVITY, rows)
    connection.execute(_CONVERSIONS)
    suspect = {name: 700 for name in counts if name.startswith("f-")}
    with watch_statements(connection) as statements:
        page = fetch_referrers(connection, _build_query(context, 10), suspect, build_sorting("clean_conversions"))
    assert [each.referrer_id for each in page.referrers] == [f"r-{number}" for number in range(50, 40, -1)]
    assert len([each for each, _ in statements.sent if "candidate AS MATERIALIZED" in each]) == 1
