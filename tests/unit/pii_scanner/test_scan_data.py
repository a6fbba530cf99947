"""Scanning JSON: where something stands, and what its key says about it."""

from typing import Any

import pytest

from metrics_api.pii_scanner.findings import Finding, PiiType
from tests.support.us_scanner import scan_data, scan_text


def test_a_finding_points_to_its_value_with_escaped_keys() -> None:
    found = scan_data({"a/b": [{"x": 1}, {"c~d": "mail bob@example.com"}]})
    assert found == [
        Finding(PiiType.EMAIL, 5, 20, "b***@e***.com", "email_address", path="/a~1b/1/c~0d"),
    ]


def test_a_text_has_no_path_and_a_bare_value_the_empty_one() -> None:
    assert [finding.path for finding in scan_text("bob@example.com")] == [None]
    assert [finding.path for finding in scan_data("bob@example.com")] == [""]


def test_a_key_that_holds_information_is_found_and_masked_in_every_path() -> None:
    found = scan_data({"friends": {"bob@example.com": {"phone": "555-123-4567"}}})
    assert [(finding.type, finding.path) for finding in found] == [
        ("email", "/friends/b***@e***.com"),
        ("phone", "/friends/b***@e***.com/phone"),
    ]


def test_findings_come_in_the_order_of_the_data() -> None:
    found = scan_data({"z": ["555-123-4567", {"y": "bob@example.com"}], "a": "219-09-9999"})
    assert [finding.path for finding in found] == ["/z/0", "/z/1/y", "/a"]


@pytest.mark.parametrize(
    ("data", "pii_type"),
    [
        ({"parent_phone": 5551234567}, "phone"),
        ({"contact": 5125550143}, "phone"),
        ({"contact": 5125550143.0}, "phone"),
        ([5551234567], "phone"),
        ({"cell": "501 234 567"}, "phone"),
        ({"studentSsn": 219099999}, "ssn"),
        ({"card_number": 4111111111111111}, "credit_card"),
        ({"birthday": "2014-03-12"}, "date_of_birth"),
        ({"kid": {"bday": "March 12"}}, "date_of_birth"),
        ({"livesAt": "42 Oakwood"}, "street_address"),
        ({"school": "Lincoln"}, "school"),
        ({"student": {"name": "Emma Johnson"}}, "person_name"),
        ({"students": [{"name": "Emma Johnson"}]}, "person_name"),
        ({"firstName": "Emma"}, "person_name"),
    ],
)
def test_a_key_lends_its_meaning(data: Any, pii_type: str) -> None:
    assert [finding.type for finding in scan_data(data)] == [pii_type]


@pytest.mark.parametrize(
    "data",
    [
        {"share_id": "550e8400-e29b-41d4-a716-446655440000", "created_at": "2025-03-14T09:26:53Z", "score": 98765},
        {"user_id": 4829103847, "session": "s_4829103847", "ts": 1718000000, "ts_ms": 1718000000123},
        {"order_id": "123456789", "invoice": "987654321", "sku": "4006381333931", "deviceId": "5125550143"},
        {"scores": [5551234567, 1234567890, 219099999], "xp": 219099999, "value": 1234567},
        {"lat": 40.7127753, "lng": -74.0059728, "distance_m": 1234567},
        {"game": {"name": "Space Quest", "version": "1.2.3.4", "build": "2024.05.17.1"}},
        {"image": "https://cdn.example.com/u/5125550143/icon@2x.png"},
        {"hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "color": "#123456"},
        {"message": "20240312", "price": "$1,299.00", "size": "1920x1080", "range": "2019-2020"},
        {"title": "Emma's Fraction Race", "text": "Beat my high score of 1,234,567,890!"},
        {
            "school_year": "2024-2025",
            "school_level": "middle",
            "leaderboard": [{"player": "Dragon", "points": 9876543210}],
        },
        {"phone_verified": True, "phone": None, "ratio": float("nan"), "big": 10**5000, "limit": float("inf")},
    ],
)
def test_app_data_stays_clean(data: dict[str, Any]) -> None:
    assert scan_data(data) == []


def test_a_plain_name_counts_only_beside_a_school_or_an_address() -> None:
    assert scan_data({"name": "Emma Johnson", "bio": "I like chess"}) == []
    found = scan_data({"name": "Emma Johnson", "bio": "I go to Oakwood Middle"})
    assert [(finding.type, finding.path) for finding in found] == [("school", "/bio"), ("person_name", "/name")]


def test_data_of_any_depth_is_walked() -> None:
    data: Any = "bob@example.com"
    for _ in range(5_000):
        data = {"a": [data]}
    (found,) = scan_data(data)
    assert found.path == "/a/0" * 5_000
