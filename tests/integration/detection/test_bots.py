"""Bot behaviour: devices that make several clicks within seconds."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks

PATH = "/v1/guardrails/bots"
DAY = NOON.date()
PERIOD = {"start": DAY, "end": DAY}
MIDNIGHT = NOON.replace(hour=0)


def read_devices(api: Api, **query: object) -> list[str]:
    return [row["device_fingerprint"] for row in api.read(PATH, **{**PERIOD, **query})["bot_like_devices"]]


def test_an_empty_database_gives_empty_lists(api: Api) -> None:
    answer = api.read(PATH)
    assert (answer["bot_like_devices"], answer["total_flagged_devices"], answer["next_cursor"]) == ([], 0, None)
    assert answer["detection_params"] == {"min_clicks": 3, "time_window_seconds": 5}
    assert answer["thresholds"] == {"bot_rapid_click_threshold": 3, "bot_rapid_click_window_seconds": 5}
    assert answer["period"]["days"] == 7


@pytest.mark.parametrize(("apart", "flagged"), [(0, 1), (1, 1), (2.5, 1), (2.500001, 0), (3, 0)])
def test_three_clicks_within_5_seconds_are_a_burst(api: Api, apart: float, flagged: int) -> None:
    api.post_events(*build_clicks(3, apart=apart, device_fingerprint="d-1"))
    assert api.read(PATH, **PERIOD)["total_flagged_devices"] == flagged


@pytest.mark.parametrize("clicks", [1, 2])
def test_fewer_clicks_are_never_a_burst(api: Api, clicks: int) -> None:
    api.post_events(*build_clicks(clicks, device_fingerprint="d-1"))
    assert read_devices(api) == []


def test_clicks_of_several_devices_and_of_none_do_not_add_up(api: Api) -> None:
    api.post_events(*build_clicks(2, device_fingerprint="d-1"), *build_clicks(2, device_fingerprint="d-2"))
    api.post_events(*build_clicks(9))
    assert read_devices(api) == []


def test_a_flagged_device_is_listed_with_its_clicks_of_the_period(api: Api) -> None:
    api.post_events(*build_clicks(4, apart=1.5, device_fingerprint="d-1"))
    api.post_events(*build_clicks(1, at=NOON + timedelta(hours=3), device_fingerprint="d-1"))
    api.post_events(*build_clicks(1, at=NOON - timedelta(days=1), device_fingerprint="d-1"))
    (device,) = api.read(PATH, **PERIOD)["bot_like_devices"]
    assert device.pop("ref").startswith("ref_")
    assert len(device.pop("alias")) == 8
    assert device == {
        "device_fingerprint": "d-1",
        "total_clicks": 5,
        "first_seen": "2026-03-04T12:00:00Z",
        "last_seen": "2026-03-04T15:00:00Z",
        "fastest_seconds": 3.0,
        "denied": False,
        "case": None,
    }


def test_a_burst_over_midnight_belongs_to_the_day_of_its_last_click(api: Api) -> None:
    api.post_events(*build_clicks(3, at=MIDNIGHT - timedelta(seconds=4), apart=2, device_fingerprint="d-1"))
    assert read_devices(api, start=DAY - timedelta(days=1), end=DAY - timedelta(days=1)) == []
    (device,) = api.read(PATH, **PERIOD)["bot_like_devices"]
    assert (device["total_clicks"], device["first_seen"], device["last_seen"]) == (
        1,
        "2026-03-04T00:00:00Z",
        "2026-03-04T00:00:00Z",
    )


@pytest.mark.parametrize("window", [5, 60])
@pytest.mark.parametrize("order", permutations(range(3)))
def test_a_burst_is_found_in_whatever_order_its_clicks_arrive(api: Api, window: int, order: tuple[int, ...]) -> None:
    clicks = build_clicks(3, apart=window / 2, device_fingerprint="d-1")
    for number in order:
        api.post_events(clicks[number])
    (device,) = api.read(PATH, **PERIOD, window_seconds=window)["bot_like_devices"]
    assert device["fastest_seconds"] == window


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_longest_pair_is_found_in_either_order(api: Api, order: tuple[int, ...]) -> None:
    clicks = build_clicks(2, apart=60, device_fingerprint="d-1")
    for number in order:
        api.post_events(clicks[number])
    assert read_devices(api, min_clicks=2, window_seconds=60) == ["d-1"]


def test_a_device_with_bursts_on_several_days_is_listed_once_with_its_fastest(api: Api) -> None:
    api.post_events(*build_clicks(3, apart=2, device_fingerprint="d-1"))
    api.post_events(*build_clicks(3, at=NOON - timedelta(days=1), apart=0.5, device_fingerprint="d-1"))
    (device,) = api.read(PATH, start=DAY - timedelta(days=1), end=DAY)["bot_like_devices"]
    assert (device["fastest_seconds"], device["total_clicks"]) == (1.0, 6)


@pytest.mark.parametrize("min_clicks", range(2, 11))
def test_every_number_of_clicks_from_2_to_10_can_be_asked_for(api: Api, min_clicks: int) -> None:
    for clicks in (min_clicks - 1, min_clicks):
        api.post_events(*build_clicks(clicks, apart=0.1, device_fingerprint=f"{clicks} clicks"))
    assert read_devices(api, min_clicks=min_clicks) == [f"{min_clicks} clicks"]


@pytest.mark.parametrize("window", [1, 5, 10, 59, 60])
def test_every_window_up_to_60_seconds_can_be_asked_for(api: Api, window: int) -> None:
    for seconds in (window, window + 0.000002):
        api.post_events(*build_clicks(3, apart=seconds / 2, device_fingerprint=f"{seconds} seconds"))
    assert read_devices(api, window_seconds=window) == [f"{window} seconds"]


@pytest.mark.parametrize(
    "names", [("min_clicks", "window_seconds"), ("bot_rapid_click_threshold", "bot_rapid_click_window_seconds")]
)
def test_the_rule_can_be_overridden_by_short_and_long_names(api: Api, names: tuple[str, str]) -> None:
    api.post_events(*build_clicks(2, apart=20, device_fingerprint="d-1"))
    answer = api.read(PATH, **PERIOD, **dict(zip(names, (2, 20), strict=True)))
    assert answer["total_flagged_devices"] == 1
    assert answer["detection_params"] == {"min_clicks": 2, "time_window_seconds": 20}
    assert answer["thresholds"] == {"bot_rapid_click_threshold": 2, "bot_rapid_click_window_seconds": 20}


@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ({"min_clicks": 1}, "#min_clicks", "must be at least 2"),
        ({"min_clicks": 11}, "#min_clicks", "must be at most 10"),
        ({"window_seconds": 0}, "#window_seconds", "must be at least 1"),
        ({"window_seconds": 61}, "#window_seconds", "must be at most 60"),
        ({"bot_rapid_click_threshold": 11}, "#bot_rapid_click_threshold", "must be at most 10"),
        ({"threshold": 3}, "#threshold", "is not a known field"),
        (
            {"min_clicks": 3, "bot_rapid_click_threshold": 3},
            "#",
            "give either min_clicks or bot_rapid_click_threshold, not both",
        ),
        (
            {"window_seconds": 3, "bot_rapid_click_window_seconds": 3},
            "#",
            "give either window_seconds or bot_rapid_click_window_seconds, not both",
        ),
    ],
)
def test_an_override_that_is_not_allowed_is_invalid(api: Api, query: dict[str, Any], pointer: str, detail: str) -> None:
    problem = api.refuse(422, "GET", PATH, query_string=query)
    assert problem["errors"] == [{"pointer": pointer, "detail": detail}]


def test_the_most_clicks_come_first_then_by_device(api: Api) -> None:
    for device, clicks in (("b", 3), ("a", 3), ("B", 3), ("c", 7)):
        api.post_events(*build_clicks(clicks, device_fingerprint=device))
    assert read_devices(api) == ["c", "B", "a", "b"]
