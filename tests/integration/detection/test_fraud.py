"""Suspicious clicks: an address with more clicks on one UTC day than the threshold."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks, build_event

PATH = "/v1/guardrails/fraud"
DAY = NOON.date()
PERIOD = {"start": DAY, "end": DAY}


def read_flagged(api: Api, **query: object) -> list[tuple[str, str, int]]:
    answer = api.read(PATH, **(query or PERIOD))
    return [(row["date"], row["ip_address"], row["click_count"]) for row in answer["suspicious_ips"]]


def test_an_empty_database_gives_empty_lists(api: Api) -> None:
    answer = api.read(PATH)
    assert (answer["suspicious_ips"], answer["total_flagged_ips"], answer["threshold_used"]) == ([], 0, 10)
    assert answer["next_cursor"] is None


@pytest.mark.parametrize(("clicks", "flagged"), [(10, 0), (11, 1)])
def test_more_than_10_clicks_on_one_day_are_suspicious(api: Api, clicks: int, flagged: int) -> None:
    api.post_events(*build_clicks(clicks, ip_address="203.0.113.7"))
    answer = api.read(PATH, **PERIOD)
    assert (len(answer["suspicious_ips"]), answer["total_flagged_ips"]) == (flagged, flagged)


def test_a_flagged_address_is_listed_with_its_day_and_all_its_clicks(api: Api) -> None:
    api.post_events(*build_clicks(12, ip_address="2001:db8::7"))
    assert read_flagged(api) == [(DAY.isoformat(), "2001:db8::/64", 12)]


def test_other_events_than_clicks_do_not_count(api: Api) -> None:
    api.post_events(*build_clicks(10, ip_address="203.0.113.7"), build_event("visit", ip_address="203.0.113.7"))
    assert read_flagged(api) == []


def test_clicks_are_counted_by_utc_day_and_not_over_midnight(api: Api) -> None:
    midnight = NOON.replace(hour=0) + timedelta(days=1)
    api.post_events(*build_clicks(6, at=midnight - timedelta(seconds=6), apart=1, ip_address="203.0.113.7"))
    api.post_events(*build_clicks(6, at=midnight, apart=1, ip_address="203.0.113.7"))
    assert read_flagged(api, start=DAY, end=DAY + timedelta(days=1)) == []


def test_an_address_flagged_on_two_days_is_listed_twice_and_counted_once(api: Api) -> None:
    for days in (0, 1):
        api.post_events(*build_clicks(11 + days, at=NOON - timedelta(days=days), ip_address="203.0.113.7"))
    answer = api.read(PATH, start=DAY - timedelta(days=1), end=DAY)
    assert [row["click_count"] for row in answer["suspicious_ips"]] == [12, 11]
    assert answer["total_flagged_ips"] == 1


@pytest.mark.parametrize(
    ("start", "end", "days_found"),
    [(-2, 0, [0, -2]), (-1, 0, [0]), (-2, -1, [-2]), (-1, -1, []), (1, 5, [])],
)
def test_only_days_of_the_period_count(api: Api, start: int, end: int, days_found: list[int]) -> None:
    for days in (0, -2):
        api.post_events(*build_clicks(11, at=NOON + timedelta(days=days), ip_address="203.0.113.7"))
    flagged = read_flagged(api, start=DAY + timedelta(days=start), end=DAY + timedelta(days=end))
    assert [day for day, _, _ in flagged] == sorted((DAY + timedelta(days=days)).isoformat() for days in days_found)


def test_the_worst_come_first_then_by_day_and_address(api: Api) -> None:
    yesterday = NOON - timedelta(days=1)
    api.post_events(*build_clicks(11, ip_address="203.0.113.9"), *build_clicks(11, ip_address="203.0.113.10"))
    api.post_events(*build_clicks(20, ip_address="2001:db8::1"), *build_clicks(11, at=yesterday, ip_address="::1"))
    assert [ip for _, ip, _ in read_flagged(api, start=DAY - timedelta(days=1), end=DAY)] == [
        "2001:db8::/64",
        "::/64",
        "203.0.113.9",
        "203.0.113.10",
    ]


@pytest.mark.parametrize("name", ["threshold", "fraud_ip_click_threshold"])
@pytest.mark.parametrize(("threshold", "flagged"), [(1, 2), (3, 1), (5, 0), (100_000, 0)])
def test_the_threshold_can_be_overridden_by_either_name(api: Api, name: str, threshold: int, flagged: int) -> None:
    api.post_events(*build_clicks(5, ip_address="203.0.113.5"), *build_clicks(3, ip_address="203.0.113.3"))
    answer = api.read(PATH, **PERIOD, **{name: threshold})
    assert (answer["total_flagged_ips"], answer["threshold_used"]) == (flagged, threshold)
    assert answer["thresholds"] == {"fraud_ip_click_threshold": threshold, "fraud_rule": "network_aware"}


@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ({"threshold": 0}, "#threshold", "must be at least 1"),
        ({"threshold": 100_001}, "#threshold", "must be at most 100000"),
        ({"threshold": "many"}, "#threshold", "must be a whole number"),
        ({"threshold": "10.5"}, "#threshold", "must be a whole number"),
        (
            {"threshold": 10, "fraud_ip_click_threshold": 10},
            "#",
            "give either threshold or fraud_ip_click_threshold, not both",
        ),
        ({"fraud_ip_click_window_days": 8}, "#fraud_ip_click_window_days", "must be at most 7"),
        *(
            (
                {"fraud_ip_click_window_days": 2, **period},
                "#",
                "give either fraud_ip_click_window_days, or days, or start and end",
            )
            for period in ({"days": 2}, PERIOD)
        ),
        ({"min_clicks": 3}, "#min_clicks", "is not a known field"),
        ({"limit": 0}, "#limit", "must be at least 1"),
        ({"limit": 1001}, "#limit", "must be at most 1000"),
        ({"health_score_fraud_max": 100.5}, "#health_score_fraud_max", "must be at most 100"),
        ({"conversion_anomaly_threshold": "nan"}, "#conversion_anomaly_threshold", "must be a number"),
        ({"health_score_fraud_max": "inf"}, "#health_score_fraud_max", "must be a number"),
        (
            {"health_status_good": 95},
            "#health_status_excellent",
            "HEALTH_STATUS_EXCELLENT, _GOOD, _FAIR and _WARNING must fall in this order, but are 90, 95, 60, 40",
        ),
    ],
)
def test_an_override_that_is_not_allowed_is_invalid(api: Api, query: dict[str, Any], pointer: str, detail: str) -> None:
    problem = api.refuse(422, "GET", PATH, query_string=query)
    assert problem["errors"] == [{"pointer": pointer, "detail": detail}]


def test_an_override_does_not_change_what_the_next_request_sees(api: Api) -> None:
    api.post_events(*build_clicks(5, ip_address="203.0.113.5"))
    assert api.read(PATH, **PERIOD, threshold=1)["total_flagged_ips"] == 1
    assert api.read(PATH, **PERIOD)["total_flagged_ips"] == 0


def test_the_period_is_today_by_default(api: Api) -> None:
    answer = api.read(PATH)
    today = date.fromisoformat(answer["computed_at"][:10])
    assert answer["period"] == {"start": today.isoformat(), "end": today.isoformat(), "days": 1}


def test_the_default_period_can_be_overridden_by_its_settings_name(api: Api) -> None:
    assert api.read(PATH, fraud_ip_click_window_days=3)["period"] == api.read(PATH, days=3)["period"]
