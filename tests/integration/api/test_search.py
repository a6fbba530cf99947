"""One search over everything that has an id."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from metrics_api.search import parts
from metrics_api.search.answer import MOST_HITS
from metrics_api.search.beginnings import list_ranges
from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_event, build_link
from tests.support.people import Signed, create_person
from tests.support.report_runs import make_report
from viral_contract.models.people import Role

PATH = "/v1/search"
ADDRESSES = ("198.51.100.2", "198.51.100.20", "198.51.100.22", "198.51.100.30", "2001:db8:7a:4::1", "2001:db8:7a:5::1")


@pytest.fixture(autouse=True)
def _stored(api: Api) -> None:
    events = [
        build_event(
            ip_address=address,
            device_fingerprint=f"phone-{number}",
            referrer_id=f"usr_{number}",
            link_id=f"link-{number}",
        )
        for number, address in enumerate(ADDRESSES)
    ]
    api.post_events(*events, *(build_event(ip_address=f"2001:db8:7a:4::{number:x}") for number in range(2, 9)))
    api.send("POST", "/v1/links", json={"items": [build_link(f"link-{number}") for number in range(9)]})


def find(api: Any, text: str) -> dict[str, list[str]]:
    """The labels of what was found, by kind."""
    response = api.send("GET", PATH, query_string={"q": text})
    assert response.status_code == 200, response.text
    found = response.get_json()
    found.pop("beginnings_only")
    return {kind: [hit["label"] for hit in hits] for kind, hits in found.items() if hits}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("198.51.100.2", list(ADDRESSES[:3])),
        ("198.51.100.", list(ADDRESSES[:4])),
        ("198.51.100.20", ["198.51.100.20"]),
        ("198.51.100.24/29", ["198.51.100.30"]),
        ("198.51.100.16/28", ["198.51.100.20", "198.51.100.22", "198.51.100.30"]),
        ("19", list(ADDRESSES[:4])),
        ("2001:db8:7a:4::9", []),
        ("2001:db8:7a:4::/64", ["2001:db8:7a:4::/64"]),
        ("2001:db8:7a", ["2001:db8:7a:4::/64", "2001:db8:7a:5::/64"]),
        ("2001:DB8:7A:", ["2001:db8:7a:4::/64", "2001:db8:7a:5::/64"]),
        ("2002:", []),
    ],
)
def test_networks_are_found_by_address_and_its_beginning(api: Api, text: str, found: list[str]) -> None:
    assert find(api, text).get("networks", []) == found


@pytest.mark.parametrize("text", ["256", "1.2.3.4.5", "1..2", "::::", "g:", "-1", "1.2.3.999", ".", "1/33", "१"])
def test_what_no_address_begins_with_names_no_network(text: str) -> None:
    assert list_ranges(text) == []


def test_ids_are_found_by_their_beginning_up_to_5_of_each(api: Api) -> None:
    assert find(api, "phone-")["devices"] == [f"phone-{number}" for number in range(MOST_HITS)]
    assert find(api, "usr_")["referrers"] == [f"usr_{number}" for number in range(MOST_HITS)]
    assert find(api, "link-")["links"] == [f"link-{number}" for number in range(MOST_HITS)]
    assert find(api, "usr_4") == {"referrers": ["usr_4"]}
    assert find(api, "phone-%") == find(api, "nobody") == {}


def test_ids_are_found_by_a_part_behind_what_begins_with_it(api: Api) -> None:
    assert find(api, "hone-")["devices"] == [f"phone-{number}" for number in range(MOST_HITS)]
    assert find(api, "100.30") == {"networks": ["198.51.100.30"]}
    assert find(api, "7a:5")["networks"] == ["2001:db8:7a:5::/64"]
    assert find(api, "sr_4") == {"referrers": ["usr_4"]}
    assert find(api, "nk-8") == {"links": ["link-8"]}
    api.post_events(build_event(ip_address="203.0.113.9", device_fingerprint="x-phone-3", referrer_id="x_usr_4"))
    assert find(api, "phone-3")["devices"] == ["phone-3", "x-phone-3"]
    assert find(api, "one-3")["devices"] == ["phone-3", "x-phone-3"]


def test_who_only_converted_or_referred_nobody_is_found(api: Api) -> None:
    api.post_events(build_event("conversion", device_fingerprint="tablet-1", user_id="child-1", referrer_id="usr_1"))
    assert find(api, "tablet")["devices"] == ["tablet-1"]
    assert find(api, "child-1") == find(api, "hild-") == {"users": ["child-1"]}


def test_what_was_not_searched_for_parts_is_said(
    api: Api, empty_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.read(PATH, q="zz")["beginnings_only"] == ["referrers", "links", "networks", "devices", "users"]
    assert api.read(PATH, q="zzz")["beginnings_only"] == []
    with empty_database.begin() as connection:
        connection.execute(text("ANALYZE attribution_links"))
    monkeypatch.setattr(parts, "_MOST_ROWS", 5)
    assert "links" in api.read(PATH, q="zzz")["beginnings_only"]


def test_alerts_cases_and_reports_are_found(api: Api) -> None:
    day = NOON.date()
    report = make_report(api, start=str(day), end=str(day))
    assert find(api, str(report["id"]))["reports"] == [f"custom {day} – {day}"]
    assert find(api, str(day)[:7])["reports"] == [f"custom {day} – {day}"]


def test_who_sees_masks_finds_networks_and_devices_by_their_refs_alone(api: Api, empty_database: Engine) -> None:
    create_person(empty_database, Role.VIEWER)
    viewer = Signed(api, "viewer@example.com")
    hits = api.read(PATH, q="198.51.100.20")["networks"] + api.read(PATH, q="phone-3")["devices"]
    refs = [hit["id"] for hit in hits]
    api.post_events(build_event("conversion", user_id="child-1"))
    assert (
        find(viewer, "198.51.100.20")
        == find(viewer, "phone-3")
        == find(viewer, "hone-3")
        == find(viewer, "100.20")
        == {}
    )
    assert find(viewer, "child-1") == {}
    assert find(viewer, "sr_4") == {"referrers": ["usr_4"]}
    assert find(viewer, refs[0]) == {"networks": ["198.51.100.*"]}
    assert find(viewer, refs[1]) == {"devices": ["phone-…"]}
    assert find(viewer, "usr_4") == {"referrers": ["usr_4"]}


@pytest.mark.parametrize("text", ["", " ", "a\0b", "x" * 257])
def test_a_text_that_no_id_can_be_is_refused(api: Api, text: str) -> None:
    assert api.send("GET", PATH, query_string={"q": text}).status_code == 422
