"""Conversion anomalies: who is flagged, who is not, and how the two lists go on."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.access.identifiers import Identifiers, References
from metrics_api.db.paging import Page
from metrics_api.detection.anomalies import fetch_anomalies
from metrics_api.detection.entity_lists import build_lists
from metrics_api.detection.query import Query
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_event
from tests.support.plans import watch_statements
from viral_contract.models.period import Period

PATH = "/v1/guardrails/conversion-anomalies"
DAY = NOON.date().isoformat()
PERIOD = {"start": (NOON - timedelta(days=6)).date().isoformat(), "end": DAY}


def build_events(clicks: int, conversions: int, *, days_ago: int = 0, **fields: Any) -> list[dict[str, Any]]:
    """So many clicks and conversions of the referrer maria, unless told otherwise."""
    credited = {"referrer_id": "maria", "at": NOON - timedelta(days=days_ago), **fields}
    kinds = ["click"] * clicks + ["conversion"] * conversions
    return [build_event(kind, **credited) for kind in kinds]


def read_rates(api: Api, **query: object) -> dict[str, float]:
    """The flagged rates by referrer."""
    answer = api.read(PATH, **{**PERIOD, **query})
    return {row["referrer_id"]: row["conversion_rate"] for row in answer["high_conversion_rate_referrers"]}


def test_nothing_happened_gives_empty_lists(api: Api) -> None:
    answer = api.read(PATH)

    assert answer["suspicious_referrers"] == answer["high_conversion_rate_referrers"] == []
    assert (answer["total_flagged"], answer["next_cursor"]) == (0, None)
    assert answer["thresholds"] == {
        "conversion_anomaly_daily_threshold": 10,
        "conversion_anomaly_threshold": 0.8,
        "conversion_anomaly_min_clicks": 5,
    }


@pytest.mark.parametrize(("conversions", "flagged"), [(10, False), (11, True)])
def test_more_than_ten_conversions_on_one_day_are_flagged(api: Api, conversions: int, flagged: bool) -> None:
    api.post_events(*build_events(100, conversions))

    rows = api.read(PATH, **PERIOD)["suspicious_referrers"]

    assert rows == ([{"date": DAY, "referrer_id": "maria", "conversion_count": conversions}] if flagged else [])


def test_conversions_of_a_day_count_over_all_loops(api: Api) -> None:
    api.post_events(*build_events(50, 6, source="buddy_challenge"), *build_events(50, 5, source="results_rally"))

    assert [row["conversion_count"] for row in api.read(PATH, **PERIOD)["suspicious_referrers"]] == [11]


def test_conversions_of_two_days_are_not_added_up(api: Api) -> None:
    api.post_events(*build_events(50, 10), *build_events(50, 10, days_ago=1))

    assert api.read(PATH, **PERIOD)["suspicious_referrers"] == []


@pytest.mark.parametrize(
    ("clicks", "conversions", "rate"),
    [
        (5, 4, None),  # Exactly 80 % is not above it.
        (10, 8, None),
        (5, 5, 1.0),
        (100, 81, 0.81),
        (6, 12, 2.0),
        (1, 1, None),  # One click and one conversion is no anomaly.
        (4, 4, None),
        (2, 9, None),  # Fewer clicks than the rate is judged from: only the daily limit could flag it.
        (0, 4, None),
        (0, 5, 1.0),
        (0, 9, 1.0),
        (0, 0, None),
    ],
)
def test_rate_above_the_threshold_is_flagged(api: Api, clicks: int, conversions: int, rate: float | None) -> None:
    api.post_events(build_event("visit", referrer_id="maria"), *build_events(clicks, conversions))

    assert read_rates(api) == ({"maria": rate} if rate else {})


def test_few_clicks_with_very_many_conversions_are_caught_by_the_daily_limit(api: Api) -> None:
    api.post_events(*build_events(2, 50))

    answer = api.read(PATH, **PERIOD)

    assert answer["high_conversion_rate_referrers"] == []
    assert answer["total_flagged"] == 1


def test_rate_is_of_the_whole_period_and_all_loops(api: Api) -> None:
    api.post_events(*build_events(0, 6, days_ago=2, source="a"), *build_events(8, 1, days_ago=1, source="b"))

    assert read_rates(api) == {"maria": 0.875}
    assert read_rates(api, start=DAY, end=DAY) == {}


def test_a_referrer_in_both_lists_counts_once(api: Api) -> None:
    api.post_events(*build_events(12, 12), *build_events(0, 5, referrer_id="jon"))

    assert api.read(PATH, **PERIOD)["total_flagged"] == 2


def test_conversions_that_nobody_gets_the_credit_for_never_flag(api: Api) -> None:
    api.post_events(*build_events(5, 50, referrer_id=None), *build_events(0, 50, referrer_id=""))

    assert api.read(PATH, **PERIOD)["total_flagged"] == 0


def test_a_rate_of_exactly_a_tenth_is_not_above_a_tenth(api: Api) -> None:
    api.post_events(*build_events(30, 3))

    assert read_rates(api, rate=0.1) == {}
    assert read_rates(api, rate=0.0999) == {"maria": 0.1}


@pytest.mark.parametrize(
    ("query", "flagged"),
    [
        ({}, 0),
        ({"threshold": 3}, 1),
        ({"conversion_anomaly_daily_threshold": 3}, 1),
        ({"threshold": 4}, 0),
        ({"rate": 0.39}, 1),
        ({"conversion_anomaly_threshold": 0.39}, 1),
        ({"rate": 0.39, "min_clicks": 11}, 0),
        ({"rate": 0.39, "conversion_anomaly_min_clicks": 11}, 0),
    ],
)
def test_thresholds_are_overridden_for_one_request(api: Api, query: dict[str, float], flagged: int) -> None:
    api.post_events(*build_events(10, 4))

    assert api.read(PATH, **PERIOD, **query)["total_flagged"] == flagged


def test_a_threshold_by_both_its_names_is_refused(api: Api) -> None:
    query = {"rate": 0.5, "conversion_anomaly_threshold": 0.5}

    assert api.refuse(422, "GET", PATH, query_string=query)["code"] == "invalid"


def test_one_cursor_goes_on_in_both_lists_until_both_end(api: Api) -> None:
    busy = [event for n in range(5) for event in build_events(40, 11 + n % 2, referrer_id=f"busy {n}")]
    eager = [event for n in range(3) for event in build_events(0, 5, referrer_id=f"eager {n}")]
    api.post_events(*busy, *eager)
    whole = api.read(PATH, **PERIOD)

    pages = [api.read(PATH, **PERIOD, limit=2)]
    while cursor := pages[-1]["next_cursor"]:
        pages.append(api.read(PATH, **PERIOD, limit=2, cursor=cursor))

    assert [len(page["suspicious_referrers"]) for page in pages] == [2, 2, 1]
    assert [len(page["high_conversion_rate_referrers"]) for page in pages] == [2, 1, 0]
    for name in ("suspicious_referrers", "high_conversion_rate_referrers"):
        assert [row for page in pages for row in page[name]] == whole[name]
    assert {page["total_flagged"] for page in pages} == {8}


def test_a_list_that_begins_empty_stays_empty_while_the_other_goes_on(api: Api) -> None:
    api.post_events(*(event for n in range(3) for event in build_events(40, 11, referrer_id=f"busy {n}")))

    first = api.read(PATH, **PERIOD, limit=1)
    second = api.read(PATH, **PERIOD, limit=1, cursor=first["next_cursor"])

    assert second["high_conversion_rate_referrers"] == []
    assert [row["referrer_id"] for row in second["suspicious_referrers"]] == ["busy 1"]


def test_a_list_that_has_ended_does_not_begin_again_while_the_other_goes_on(api: Api) -> None:
    eager = [event for n in range(3) for event in build_events(0, 5, referrer_id=f"eager {n}")]
    api.post_events(*eager, *build_events(40, 11, referrer_id="busy"))

    pages = [api.read(PATH, **PERIOD, limit=1)]
    while cursor := pages[-1]["next_cursor"]:
        pages.append(api.read(PATH, **PERIOD, limit=1, cursor=cursor))

    assert [len(page["suspicious_referrers"]) for page in pages] == [1, 0, 0]
    assert [len(page["high_conversion_rate_referrers"]) for page in pages] == [1, 1, 1]


def test_worst_come_first(api: Api) -> None:
    api.post_events(
        *build_events(40, 12, referrer_id="b"),
        *build_events(40, 30, referrer_id="c"),
        *build_events(10, 9, referrer_id="d"),
        *build_events(0, 6, referrer_id="a"),
    )

    answer = api.read(PATH, **PERIOD)

    assert [row["referrer_id"] for row in answer["suspicious_referrers"]] == ["c", "b"]
    assert [row["referrer_id"] for row in answer["high_conversion_rate_referrers"]] == ["a", "d"]


@pytest.mark.parametrize("seed", range(5))
def test_answers_agree_with_brute_force_over_the_events(api: Api, seed: int) -> None:
    chance = random.Random(seed)
    events = [
        build_event(
            chance.choice(["click", "conversion", "visit"]),
            at=NOON - timedelta(days=chance.randrange(8)),
            referrer_id=chance.choice(["a", "b", "c", "d", "e", "f", None]),
            source=chance.choice(["x", "y"]),
        )
        for _ in range(60)
    ]
    api.post_events(*events)
    daily, rate, least = chance.randrange(1, 4), chance.choice([0, 0.5, 0.8, 1]), chance.randrange(1, 7)

    answer = api.read(PATH, **PERIOD, threshold=daily, rate=rate, min_clicks=least)

    counted = [event for event in events if event["referrer_id"] and event["occurred_at"][:10] >= PERIOD["start"]]
    assert _busy_days(answer) == _brute_force_days(counted, daily)
    assert _eager(answer) == _brute_force_rates(counted, rate, least)
    assert answer["total_flagged"] == len({referrer for _, referrer in _busy_days(answer)} | set(_eager(answer)))


def _busy_days(answer: dict[str, Any]) -> dict[tuple[str, str], int]:
    rows = answer["suspicious_referrers"]
    return {(row["date"], row["referrer_id"]): row["conversion_count"] for row in rows}


def _eager(answer: dict[str, Any]) -> dict[str, tuple[int, int]]:
    rows = answer["high_conversion_rate_referrers"]
    return {row["referrer_id"]: (row["total_clicks"], row["total_conversions"]) for row in rows}


def _brute_force_days(events: list[dict[str, Any]], daily: int) -> dict[tuple[str, str], int]:
    conversions = [event for event in events if event["event_type"] == "conversion"]
    per_day = Counter((event["occurred_at"][:10], event["referrer_id"]) for event in conversions)
    return {key: count for key, count in per_day.items() if count > daily}


def _brute_force_rates(events: list[dict[str, Any]], rate: float, least: int) -> dict[str, tuple[int, int]]:
    counts = Counter((event["referrer_id"], event["event_type"]) for event in events)
    flagged = {}
    for referrer in {event["referrer_id"] for event in events}:
        clicks, conversions = counts[referrer, "click"], counts[referrer, "conversion"]
        judged = max(clicks, 0 if clicks else conversions)
        if judged >= least and (conversions / clicks if clicks else 1.0) > rate:
            flagged[referrer] = (clicks, conversions)
    return flagged


def test_health_shows_the_first_rows_under_the_same_thresholds(api: Api) -> None:
    api.post_events(*(event for n in range(12) for event in build_events(0, 5, referrer_id=f"eager {n}")))

    anomalies = api.read("/v1/guardrails/health", **PERIOD, conversion_anomaly_min_clicks=4)["components"]["anomalies"]

    assert anomalies["total_flagged"] == 12
    assert len(anomalies["high_conversion_rate_referrers"]) == 10
    assert anomalies["thresholds"]["conversion_anomaly_min_clicks"] == 4


def test_the_most_conversions_and_the_highest_rates_are_read_from_their_indexes(connection: Connection) -> None:
    connection.execute(
        text("""INSERT INTO activity_per_referrer_day (day, referrer_id, source, clicks, conversions)
            SELECT DATE '2026-03-04' - day, 'user ' || number, '', 20, CASE WHEN number % 20 = 0 THEN 1 ELSE 0 END
            FROM generate_series(0, 29) AS day, generate_series(1, 1000) AS number""")
    )
    connection.execute(
        text("""INSERT INTO conversions_per_referrer_day (source, referrer_id, day, conversions)
            SELECT '', referrer_id, day, conversions FROM activity_per_referrer_day WHERE conversions > 0""")
    )
    connection.execute(text("VACUUM ANALYZE activity_per_referrer_day, conversions_per_referrer_day"))
    now, identifiers = NOON, Identifiers(References("a key"), whole=True)
    query = Query(Period.last_days(7, now=now), DetectionSettings(), now, identifiers, Page(10), DetectionSettings())

    with watch_statements(connection) as statements:
        fetch_anomalies(connection, query, build_lists(()))

    (plan,) = statements.explain(connection)
    assert "Index Only Scan using idx_conversions_per_referrer_day_most" in plan
    assert "Index Only Scan using idx_activity_per_referrer_day_rate" in plan
