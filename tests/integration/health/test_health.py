"""The health score over HTTP: what it is made of, what it says without data, and which periods can be asked for."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from metrics_api.alerts.evaluate import build_recent_query, evaluate_guardrails
from metrics_api.context import Context
from metrics_api.db.paging import Page
from metrics_api.health.evaluation import fetch_health
from metrics_api.health.history import fetch_history, fill_history
from tests.support.api_fixtures import Api
from tests.support.api_server import THREADS
from tests.support.builders import NOON, build_clicks, build_event, build_link
from viral_contract.models.period import Period

PATH = "/v1/guardrails/health"
DAY = NOON.date()
PERIOD = {"start": DAY, "end": DAY}
NO_DEDUCTIONS = {"fraud": 0, "bot_behavior": 0, "opt_out_rate": 0, "coppa_violations": 0}


def post_flagged(api: Api, addresses: int, devices: int) -> None:
    """So many addresses over the threshold and so many devices with a burst, none of which is both."""
    clicks = [build_clicks(11, ip_address=f"203.0.113.{number}") for number in range(addresses)]
    clicks += [build_clicks(3, device_fingerprint=f"device-{number}") for number in range(devices)]
    events = [event for some in clicks for event in some]
    if events:
        api.post_events(*events)


def test_without_any_data_the_score_is_100_and_says_that_there_is_none(api: Api) -> None:
    answer = api.read(PATH)
    assert (answer["health_score"], answer["health_status"], answer["has_data"]) == (100, "excellent", False)
    assert (answer["deductions"], answer["last_event_at"]) == (NO_DEDUCTIONS, None)


@pytest.mark.parametrize(
    ("addresses", "devices", "fraud", "bots", "status"),
    [
        (0, 0, 0, 0, "excellent"),
        (1, 0, 2, 0, "excellent"),
        (0, 1, 0, 2, "excellent"),
        (3, 2, 6, 4, "excellent"),
        (3, 3, 6, 6, "good"),
        (15, 0, 30, 0, "fair"),
        (16, 0, 30, 0, "fair"),
        (0, 10, 0, 20, "good"),
        (0, 11, 0, 20, "good"),
        (40, 40, 30, 20, "warning"),
    ],
)
def test_flagged_addresses_and_devices_cost_2_points_each_up_to_their_caps(
    api: Api, addresses: int, devices: int, fraud: float, bots: float, status: str
) -> None:
    post_flagged(api, addresses, devices)
    answer = api.read(PATH, **PERIOD)
    assert answer["deductions"] == {**NO_DEDUCTIONS, "fraud": fraud, "bot_behavior": bots}
    assert answer["health_score"] == 100 - fraud - bots
    assert answer["health_status"] == status


def test_deductions_are_itemised_and_components_are_the_detectors_own_answers(api: Api) -> None:
    post_flagged(api, addresses=12, devices=2)
    answer = api.read(PATH, **PERIOD)
    items = {item["name"]: item for item in answer["deduction_items"]}
    assert (items["fraud"]["quantity"], items["fraud"]["points"], items["fraud"]["cap"]) == (12, 24, 30)
    assert items["fraud"]["formula"] == "min(2 × 12, 30)"
    fraud, bots = answer["components"]["fraud"], answer["components"]["bots"]
    assert (fraud["total_flagged_ips"], len(fraud["suspicious_ips"])) == (12, 10)
    assert fraud["suspicious_ips"] == api.read("/v1/guardrails/fraud", **PERIOD, limit=10)["suspicious_ips"]
    assert bots["bot_like_devices"] == api.read("/v1/guardrails/bots", **PERIOD)["bot_like_devices"]


def test_a_component_goes_on_where_its_first_rows_end(api: Api) -> None:
    post_flagged(api, addresses=12, devices=0)
    cursor = api.read(PATH, **PERIOD)["components"]["fraud"]["next_cursor"]
    assert len(api.read("/v1/guardrails/fraud", **PERIOD, cursor=cursor)["suspicious_ips"]) == 2


def test_an_override_applies_to_score_and_components_alike(api: Api) -> None:
    post_flagged(api, addresses=3, devices=0)
    query = {
        "fraud_ip_click_threshold": 11,
        "bot_rapid_click_threshold": 2,
        "health_score_bot_deduction": 0.5,
        "health_status_excellent": 99.5,
    }
    api.post_events(*build_clicks(2, device_fingerprint="pair"))
    answer = api.read(PATH, **PERIOD, **query)
    assert (answer["health_score"], answer["health_status"]) == (99.5, "excellent")
    assert answer["components"]["fraud"]["total_flagged_ips"] == 0
    assert answer["components"]["bots"]["total_flagged_devices"] == 1
    assert answer["thresholds"].items() >= query.items()


def test_by_share_fraud_and_bots_cost_their_part_of_the_clicks(api: Api) -> None:
    api.post_events(*build_clicks(30, apart=60, ip_address="203.0.113.7"))
    api.post_events(*build_clicks(20, apart=60, ip_address="203.0.113.8", at=NOON + timedelta(days=1)))
    api.post_events(*build_clicks(10, apart=60, ip_address="203.0.113.7", at=NOON + timedelta(days=1)))
    api.post_events(*build_clicks(4, device_fingerprint="fast"), *build_clicks(136, apart=60))
    answer = api.read(PATH, start=DAY, end=DAY + timedelta(days=1))
    # Of 200 clicks: 50 of networks on the dates they are flagged, 4 of the one flagged device.
    assert answer["by_share"]["deductions"] == {**NO_DEDUCTIONS, "fraud": 25, "bot_behavior": 2}
    assert (answer["by_share"]["health_score"], answer["by_share"]["health_status"]) == (73, "fair")
    assert answer["by_count"]["deductions"] == {**NO_DEDUCTIONS, "fraud": 4, "bot_behavior": 2}
    assert (answer["basis"], answer["health_score"]) == ("count", 94)
    assert answer["flagged_share"] == {"clicks": 0.25, "conversions": 0}


def test_trusted_networks_are_not_in_the_flagged_share(api: Api) -> None:
    api.post_events(*build_clicks(30, apart=60, ip_address="203.0.113.7"), *build_clicks(70, apart=60))
    api.send("PUT", "/v1/trusted-networks/203.0.113.0%2F24", json={"reason": "a school"})
    answer = api.read(PATH, **PERIOD)
    assert (answer["flagged_share"]["clicks"], answer["by_share"]["health_score"]) == (0, 100)


def test_flagged_conversions_are_those_that_k_clean_leaves_out(api: Api) -> None:
    credited = {"referrer_id": "ann", "link_id": "link-1"}
    api.post_events(*build_clicks(30, apart=60, ip_address="203.0.113.7", **credited))
    flagged = [build_event("conversion", ip_address="203.0.113.7", **credited) for _ in range(2)]
    api.post_events(*flagged, *(build_event("conversion", ip_address="192.0.2.9", **credited) for _ in range(6)))
    api.post_events(build_event("conversion"))
    api.send(
        "POST", "/v1/links", json={"items": [build_link("link-1", referrer_id="ann", inserted_at=NOON.isoformat())]}
    )
    share = api.read(PATH, **PERIOD)["flagged_share"]["conversions"]
    assert share == 2 / 8
    growth = api.read("/v1/growth/k-factor", **PERIOD)
    assert share == growth["removed_conversions"] / growth["total_conversions"]


def test_by_share_the_score_in_use_is_that_by_share(context: Context, connection: Connection, api: Api) -> None:
    post_flagged(api, addresses=3, devices=0)
    by_share = replace(
        context,
        settings=replace(
            context.settings,
            detection=context.settings.detection.model_copy(update={"health_score_basis": "share"}),
        ),
    )
    health = fetch_health(connection, build_recent_query(by_share, Page(limit=1), now=NOON))
    assert (health.basis, health.health_score, health.deductions.fraud) == ("share", 70, 30)
    assert (health.by_share.health_score, health.by_count.health_score) == (70, 94)
    assert [item.unit for item in health.deduction_items[:2]] == ["% of clicks", "% of clicks"]
    evaluate_guardrails(by_share, now=NOON)
    for basis, score in (("share", 70), ("count", 94)):
        (point,) = fetch_history(connection, Period.last_days(1, now=NOON), basis)
        assert (point.health_score, point.basis) == (score, basis)


@pytest.mark.parametrize("score", [0, 0.1, 0.25])
def test_the_score_is_rounded_to_one_decimal(api: Api, score: float) -> None:
    post_flagged(api, addresses=1, devices=0)
    answer = api.read(PATH, **PERIOD, health_score_fraud_deduction=score)
    assert answer["health_score"] == {0: 100, 0.1: 99.9, 0.25: 99.8}[score]


@pytest.mark.parametrize("kind", ["click", "visit", "signup", "conversion", "activation"])
def test_any_event_of_the_period_is_data(api: Api, kind: str) -> None:
    api.post_events(build_event(kind))
    answer = api.read(PATH, **PERIOD)
    assert (answer["has_data"], answer["last_event_at"]) == (True, "2026-03-04T12:00:00Z")
    elsewhere = api.read(PATH, start=DAY + timedelta(days=1), end=DAY + timedelta(days=1))
    assert (elsewhere["has_data"], elsewhere["last_event_at"]) == (False, "2026-03-04T12:00:00Z")


def test_a_link_is_data_too_and_no_longer_when_it_is_deleted(api: Api) -> None:
    api.send("POST", "/v1/links", json={"items": [build_link("l-1", inserted_at=NOON.isoformat())]})
    assert api.read(PATH, **PERIOD)["has_data"]
    api.send("DELETE", "/v1/links/l-1")
    assert not api.read(PATH, **PERIOD)["has_data"]


def test_the_newest_event_counts_and_not_the_last_to_arrive(api: Api) -> None:
    api.post_events(build_event("visit"))
    api.post_events(build_event("click", at=NOON - timedelta(days=3)))
    assert api.read(PATH)["last_event_at"] == "2026-03-04T12:00:00Z"


@pytest.mark.parametrize(("query", "days"), [({}, 7), ({"days": 1}, 1), ({"days": 366}, 366), ({"days": "30"}, 30)])
def test_a_period_of_days_ends_today(api: Api, query: dict[str, Any], days: int) -> None:
    answer = api.read(PATH, **query)
    computed_at = datetime.fromisoformat(answer["computed_at"])
    assert abs(computed_at - datetime.now(UTC)) < timedelta(minutes=1)
    start = computed_at.date() - timedelta(days=days - 1)
    period = {"start": start.isoformat(), "end": computed_at.date().isoformat(), "days": days}
    assert answer["period"] == period


@pytest.mark.parametrize(("end", "days"), [("2024-01-01", 1), ("2024-12-31", 366)])
def test_a_period_of_dates_includes_both(api: Api, end: str, days: int) -> None:
    answer = api.read(PATH, start="2024-01-01", end=end)
    assert answer["period"] == {"start": "2024-01-01", "end": end, "days": days}


@pytest.mark.parametrize("path", [PATH, "/v1/guardrails/fraud", "/v1/guardrails/bots"])
@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ({"days": 7, "start": "2026-03-01"}, "#", "give either days, or start and end, not both"),
        ({"days": 7, "start": "2026-03-01", "end": "2026-03-02"}, "#", "give either days, or start and end, not both"),
        ({"start": "2026-03-01"}, "#", "start and end must be given together"),
        ({"end": "2026-03-01"}, "#", "start and end must be given together"),
        ({"start": "2026-03-02", "end": "2026-03-01"}, "#", "end 2026-03-01 is before start 2026-03-02"),
        ({"start": "2024-01-01", "end": "2025-01-01"}, "#", "the period has 367 days; at most 366 are allowed"),
        ({"days": 0}, "#days", "must be at least 1"),
        ({"days": 367}, "#days", "must be at most 366"),
        ({"days": "week"}, "#days", "must be a whole number"),
        ({"start": "0", "end": "2026-03-01"}, "#start", "must be a date such as 2026-03-01"),
        ({"start": "20260301", "end": "2026-03-01"}, "#start", "must be a date such as 2026-03-01"),
        ({"start": "2026-03-01T00:00:00", "end": "2026-03-01"}, "#start", "must be a date such as 2026-03-01"),
        ({"start": "2026-02-30", "end": "2026-03-01"}, "#start", "must be a date such as 2026-03-01"),
        ({"start": "0001-01-01", "end": "2026-03-01"}, "#start", "must be at least 1000-01-01"),
        ({"start": "2026-03-01", "end": "9999-12-31"}, "#end", "must be at most 9000-01-01"),
        ({"period": "week"}, "#period", "is not a known field"),
        ({"days": ["7", "8"]}, "#days", "is given more than once"),
    ],
)
def test_a_period_that_cannot_be_is_invalid(
    api: Api, path: str, query: dict[str, Any], pointer: str, detail: str
) -> None:
    problem = api.refuse(422, "GET", path, query_string=query)
    assert problem["errors"] == [{"pointer": pointer, "detail": detail}]


def test_more_readers_than_connections_are_all_answered(http: httpx.Client) -> None:
    with ThreadPoolExecutor(3 * THREADS) as pool:
        answers = list(pool.map(lambda _: http.get(PATH, timeout=60), range(10 * THREADS)))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize(("compare", "days_back"), [("previous", 7), ("year", 365)])
def test_the_score_is_compared_with_another_period(api: Api, compare: str, days_back: int) -> None:
    end = date(2026, 3, 14)
    flagged = {"ip_address": "203.0.113.7", "device_fingerprint": "one"}
    before = datetime.combine(end - timedelta(days=days_back), time(12), UTC)
    api.post_events(*build_clicks(12, at=before, apart=20, **flagged))
    api.post_events(*build_clicks(3, at=datetime.combine(end, time(12), UTC), apart=20, **flagged))
    period = {"start": str(end - timedelta(days=6)), "end": str(end)}
    alone = api.read("/v1/guardrails/health", **period)
    assert alone["previous"] is None
    compared = api.read("/v1/guardrails/health", **period, compare=compare)
    assert compared["health_score"] == alone["health_score"]
    start = end - timedelta(days=days_back)
    assert date.fromisoformat(compared["previous"]["period"]["end"]) == start
    assert compared["previous"]["components"]["fraud"]["total_flagged_ips"] == 1
    assert compared["components"]["fraud"]["total_flagged_ips"] == 0


def test_the_history_of_dates_that_nobody_evaluated_is_filled_once(api: Api, context: Context) -> None:
    now = datetime.now(UTC)
    noon = datetime.combine(now.date() - timedelta(days=3), time(12), UTC)
    api.post_events(*build_clicks(12, at=noon, apart=20, ip_address="203.0.113.7"))
    fill = partial(fill_history, context.database, context.settings.detection, context.references, days=5, now=now)
    assert fill() == 3
    assert fill() == 0
    points = api.read("/v1/guardrails/history", days=7)["points"]
    assert [point["computed_at"] for point in points] == [
        f"{now.date() - timedelta(days=back)}T23:59:59Z" for back in (3, 2, 1)
    ]
    assert {point["health_score"] for point in points} == {98.0}
