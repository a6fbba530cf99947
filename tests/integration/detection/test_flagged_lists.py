"""Flagged networks, referrers and devices in any order, found by text, in pages."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any, get_args

import pytest
from sqlalchemy import Engine

from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks, build_event
from tests.support.networks import plant_networks
from tests.support.people import Signed, create_person
from tests.support.trusted_networks import trust
from viral_contract.models.guardrails import Verdict
from viral_contract.models.people import Role, Scope

DEVICE_SORTS = ("device", "clicks", "fastest", "first_seen", "last_seen")
FRAUD, BOTS = "/v1/guardrails/fraud", "/v1/guardrails/bots"
DAY = NOON.date()
PERIOD = {"start": DAY - timedelta(days=2), "end": DAY}
NETWORK_VALUES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "clicks": lambda row: row["clicks"],
    "days": lambda row: row["days"],
    "peak_clicks": lambda row: row["peak_clicks"],
    "devices": lambda row: row["evidence"]["devices"],
    "clicks_per_device": lambda row: round(row["peak_clicks"] / row["evidence"]["devices"], 9),
    "referrers": lambda row: row["evidence"]["referrers"],
    "top_referrer_share": lambda row: round(row["evidence"]["top_referrer_share"], 6),
}


@pytest.fixture
def planted(api: Api) -> None:
    """Schools, families, farms and rotating networks, some on two dates."""
    for days in (0, 1):
        for each in plant_networks(NOON - timedelta(days=days), seed=15 + days):
            api.post_events(*each.clicks)


def read_all(api: Api, path: str, rows: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.read(path, **{**PERIOD, **query, **cursor})
        found += answer[rows]
        assert answer["total"] >= len(found)
        if answer["next_cursor"] is None:
            assert answer["total"] == len(found)
            return found
        cursor = {"cursor": answer["next_cursor"]}


@pytest.mark.usefixtures("planted")
def test_networks_are_in_the_order_asked_for_page_by_page(api: Api) -> None:
    whole = read_all(api, FRAUD, "networks", group_by="network", limit=1000)
    names = {row["ip_address"] for row in whole}
    assert len(names) == len(whole) > 30
    for sort, value in NETWORK_VALUES.items():
        for order, sign in (("desc", -1), ("asc", 1)):
            rows = read_all(api, FRAUD, "networks", sort=sort, order=order, limit=7)
            assert {row["ip_address"] for row in rows} == names
            assert all(sign * value(one) <= sign * value(next_one) for one, next_one in pairwise(rows)), (sort, order)
    assert [row["ip_address"] for row in read_all(api, FRAUD, "networks", sort="network", order="desc", limit=7)] == [
        row["ip_address"] for row in reversed(read_all(api, FRAUD, "networks", sort="network", limit=1000))
    ]


@pytest.mark.usefixtures("planted")
def test_a_network_says_what_the_lists_by_date_say_of_its_peak(api: Api) -> None:
    dated = api.read(FRAUD, **PERIOD, limit=1000)
    days = dated["suspicious_ips"] + dated["shared_networks"]
    answer = api.read(FRAUD, **PERIOD, group_by="network", limit=1000)
    for row in answer["networks"]:
        own = [day for day in days if day["ip_address"] == row["ip_address"]]
        assert (row["clicks"], row["days"]) == (sum(day["click_count"] for day in own), len(own))
        flagged = [day for day in own if day["verdict"] != "shared_network"] or own
        peak = min(flagged, key=lambda day: (-day["click_count"], day["date"]))
        shown = (row["peak_date"], row["peak_clicks"], row["verdict"], row["evidence"])
        assert shown == (peak["date"], peak["click_count"], peak["verdict"], peak["evidence"])
    counts = answer["counts"]
    assert counts["flagged"] + counts["rotating"] == answer["total_flagged_ips"] == dated["total_flagged_ips"]
    assert counts == {verdict: sum(row["verdict"] == verdict for row in answer["networks"]) for verdict in counts}
    assert all(counts.values())


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_a_verdict_chooses_its_networks_and_leaves_the_counts(api: Api, verdict: str) -> None:
    everything = api.read(FRAUD, **PERIOD, group_by="network", limit=1000)
    chosen = api.read(FRAUD, **PERIOD, verdict=verdict, limit=1000)
    assert chosen["networks"] == [row for row in everything["networks"] if row["verdict"] == verdict]
    assert (chosen["counts"], chosen["total"]) == (everything["counts"], everything["counts"][verdict])


def post_two_networks(api: Api) -> None:
    for ip_address, referrer in (("203.0.113.7", "usr_payer"), ("198.51.100.9", "usr_other")):
        api.post_events(*build_clicks(12, ip_address=ip_address, device_fingerprint="one", referrer_id=referrer))
    api.post_events(*build_clicks(12, ip_address="2001:db8:7::5", device_fingerprint="one", referrer_id="usr_payer"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("203.0.113.7", ["203.0.113.7"]),
        ("113", ["203.0.113.7"]),
        ("203.0.113.0/24", ["203.0.113.7"]),
        ("2001:DB8:7", ["2001:db8:7::/64"]),
        ("2001:db8:7::99", ["2001:db8:7::/64"]),
        ("PAYER", ["2001:db8:7::/64", "203.0.113.7"]),
        ("usr_", ["198.51.100.9", "2001:db8:7::/64", "203.0.113.7"]),
        ("%", []),
        ("nobody", []),
    ],
)
def test_a_text_finds_networks_by_address_prefix_and_referrer(api: Api, text: str, found: list[str]) -> None:
    post_two_networks(api)
    answer = api.read(FRAUD, **PERIOD, q=text)
    assert sorted(row["ip_address"] for row in answer["networks"]) == found
    assert answer["total"] == answer["counts"]["flagged"] == len(found)


def test_who_sees_masks_finds_what_masks_say(api: Api, empty_database: Engine) -> None:
    post_two_networks(api)
    create_person(empty_database, Role.VIEWER)
    viewer = Signed(api, "viewer@example.com")

    def find(text: str) -> list[str]:
        answer = viewer.send("GET", FRAUD, query_string={**PERIOD, "q": text}).get_json()
        return [row["ip_address"] for row in answer["networks"]]

    [row] = api.read(FRAUD, **PERIOD, q="203.0.113.7")["networks"]
    assert find("203.0.113") == find(row["ref"]) == ["203.0.113.*"]
    assert find("203.0.113.7") == find("203.0.113.7/32") == find("2001:db8:7::99") == []
    assert find("2001:db8:7") == ["2001:db8:7::*"]


def test_a_referrer_has_what_flagged_networks_clicked(api: Api) -> None:
    post_two_networks(api)
    trust(api, "198.51.100.0/24")
    api.post_events(*(build_event(referrer_id="usr_payer", ip_address="192.0.2.1") for _ in range(6)))
    answer = api.read(FRAUD, **PERIOD, group_by="referrer")
    row = {"referrer_id": "usr_payer", "networks": 2, "clicks": 24, "days": 1, "total_clicks": 30}
    assert (answer["referrers"], answer["total"], answer["total_flagged_ips"]) == ([row], 1, 2)
    assert api.read(FRAUD, **PERIOD, group_by="referrer", q="other")["referrers"] == []


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("sort", ["referrer", "networks", "clicks", "days"])
def test_referrers_are_in_the_order_asked_for_page_by_page(api: Api, sort: str) -> None:
    name = "referrer_id" if sort == "referrer" else sort
    pages = read_all(api, FRAUD, "referrers", group_by="referrer", sort=sort, order="asc", limit=3)
    assert pages == read_all(api, FRAUD, "referrers", group_by="referrer", sort=sort, order="asc", limit=1000)
    assert len({row["referrer_id"] for row in pages}) == len(pages) > 5
    assert sort == "referrer" or all(one[name] <= other[name] for one, other in pairwise(pages))


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"group_by": "referrer", "sort": "devices"}, "#sort"),
        ({"group_by": "network", "sort": "networks"}, "#sort"),
        ({"group_by": "referrer", "verdict": "flagged"}, "#verdict"),
        ({"sort": "color"}, "#sort"),
        ({"order": "up"}, "#order"),
    ],
)
def test_what_the_rows_do_not_have_is_refused(api: Api, query: dict[str, str], pointer: str) -> None:
    response = api.send("GET", FRAUD, query_string=query)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.get_json()["errors"]] == [pointer]


@pytest.mark.usefixtures("planted")
def test_a_cursor_belongs_to_its_order(api: Api) -> None:
    cursor = api.read(FRAUD, **PERIOD, sort="days", limit=2)["next_cursor"]
    for other in ({"sort": "clicks"}, {"sort": "days", "order": "asc"}, {"group_by": "referrer", "sort": "days"}, {}):
        response = api.send("GET", FRAUD, query_string={**PERIOD, **other, "cursor": cursor})
        assert response.status_code == 422, other


@pytest.mark.parametrize("sort", DEVICE_SORTS)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_devices_are_in_the_order_asked_for_page_by_page(api: Api, sort: str, order: str) -> None:
    for number in range(7):
        device = {"device_fingerprint": f"phone-{number}", "ip_address": None}
        at = NOON + timedelta(minutes=number * 7 % 5)
        api.post_events(*build_clicks(11 + number % 3, at=at, apart=0.1 * (1 + number % 4), **device))
    name = {"device": "device_fingerprint", "clicks": "total_clicks", "fastest": "fastest_seconds"}.get(sort, sort)
    rows = read_all(api, BOTS, "bot_like_devices", sort=sort, order=order, limit=2)
    values = [row[name] for row in rows]
    assert values == sorted(values, reverse=order == "desc")
    assert len({row["device_fingerprint"] for row in rows}) == 7


def test_a_text_finds_devices_as_they_are_seen(api: Api, empty_database: Engine) -> None:
    for device in ("phone-one", "phone-two", "tablet"):
        api.post_events(*build_clicks(12, apart=0.1, device_fingerprint=device))
    answer = api.read(BOTS, **PERIOD, q="PHONE")
    assert (answer["total"], answer["total_flagged_devices"]) == (2, 3)
    [row] = api.read(BOTS, **PERIOD, q="two")["bot_like_devices"]
    create_person(empty_database, Role.VIEWER)
    viewer = Signed(api, "viewer@example.com")
    found = {
        text: viewer.send("GET", BOTS, query_string={**PERIOD, "q": text}).get_json()["total"]
        for text in ("phone-", "phone-t", "two", "tablet", row["ref"])
    }
    assert found == {"phone-": 2, "phone-t": 0, "two": 0, "tablet": 0, row["ref"]: 1}


def plant_bots(api: Api) -> None:
    """Two devices in bursts: one on one network, the other on two, for two referrers."""
    for device, address, referrer, at in (
        ("bot-1", "203.0.113.7", "maria", NOON),
        ("bot-2", "203.0.113.7", "maria", NOON - timedelta(days=1)),
        ("bot-2", "2001:db8:1:2::9", "leo", NOON),
    ):
        clicks = build_clicks(4, at=at, apart=0.5, device_fingerprint=device, ip_address=address, referrer_id=referrer)
        api.post_events(*clicks)
    api.post_events(build_event(at=NOON, device_fingerprint="person", ip_address="203.0.113.7", referrer_id="maria"))


def test_flagged_devices_are_counted_by_referrer(api: Api) -> None:
    plant_bots(api)
    rows = read_all(api, BOTS, "referrers", group_by="referrer", limit=1)
    maria = {"referrer_id": "maria", "devices": 2, "clicks": 8, "days": 2}
    leo = {"referrer_id": "leo", "devices": 1, "clicks": 4, "days": 1}
    assert rows == [maria, leo]
    assert read_all(api, BOTS, "referrers", group_by="referrer", sort="referrer") == [leo, maria]
    assert read_all(api, BOTS, "referrers", group_by="referrer", sort="days", order="asc") == [leo, maria]
    assert read_all(api, BOTS, "referrers", group_by="referrer", q="MAR") == [maria]
    assert read_all(api, BOTS, "referrers", group_by="referrer", verdict="flagged") == [maria, leo]
    assert read_all(api, BOTS, "referrers", group_by="referrer", verdict="rotating") == []


def test_flagged_devices_are_counted_by_network_as_the_caller_sees_it(api: Api, holder_of: Callable[..., Api]) -> None:
    plant_bots(api)
    four, six = read_all(api, BOTS, "networks", group_by="network", limit=1)
    assert (four["ip_address"], four["devices"], four["clicks"], four["days"]) == ("203.0.113.7", 2, 8, 2)
    assert (six["ip_address"], six["devices"], six["clicks"], six["days"]) == ("2001:db8:1:2::/64", 1, 4, 1)
    assert read_all(api, BOTS, "networks", group_by="network", q="2001:db8:1:2::9") == [six]
    viewer = holder_of(Scope.METRICS_READ)
    masked = read_all(viewer, BOTS, "networks", group_by="network")
    assert [row["ip_address"] for row in masked] == ["203.0.113.*", "2001:db8:1::*"]
    assert read_all(viewer, BOTS, "networks", group_by="network", q="113.7") == []
    assert read_all(viewer, BOTS, "networks", group_by="network", q=masked[1]["ref"]) == [masked[1]]


def test_listed_devices_are_all_flagged(api: Api) -> None:
    plant_bots(api)
    flagged = read_all(api, BOTS, "bot_like_devices", verdict="flagged")
    assert [row["device_fingerprint"] for row in flagged] == ["bot-2", "bot-1"]
    assert read_all(api, BOTS, "bot_like_devices", verdict="shared_network") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": "devices"}, "#sort"),
        ({"sort": "fastest", "group_by": "referrer"}, "#sort"),
        ({"sort": "referrer", "group_by": "network"}, "#sort"),
        ({"case": "open", "group_by": "network"}, "#case"),
    ],
)
def test_groups_of_devices_have_values_of_their_own(api: Api, query: dict[str, str], field: str) -> None:
    problem = api.refuse(422, "GET", BOTS, query_string=query)
    assert problem["errors"][0]["pointer"] == field
