"""What violates in a share or reel: the contract, line by line."""

from typing import Any

import pytest

from metrics_api.pii_scanner.coppa_rule import Violation
from tests.support.us_scanner import find_violations

VALUES = {
    "email": "bob@example.com",
    "phone": "555-123-4567",
    "ssn": "219-09-9999",
    "credit_card": "4111 1111 1111 1111",
    "street_address": "742 Evergreen Terrace",
    "date_of_birth": "born on 04/17/2014",
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_finding_of_these_types_violates(kind: str) -> None:
    (violation,) = find_violations({"note": VALUES[kind]})
    assert (violation.kind, violation.path) == (kind, "/note")
    assert VALUES[kind] not in violation.masked


@pytest.mark.parametrize(
    "data",
    [
        {},
        None,
        [],
        {"note": "Beat my high score!"},
        {"note": "from 198.51.100.7"},
        {"note": "the Lincoln Elementary School choir"},
        {"note": "my name is Emma"},
    ],
)
def test_a_name_a_school_or_an_ip_address_alone_does_not_violate(data: Any) -> None:
    assert find_violations(data) == []


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        ({"a": "my name is Emma", "b": "I go to Oakwood Middle"}, ["person_name"]),
        ({"a": "my name is Emma", "b": "742 Evergreen Terrace"}, ["person_name", "street_address"]),
        ({"student": {"name": "Emma Johnson"}, "school": "Lincoln"}, ["person_name"]),
    ],
)
def test_a_name_violates_together_with_a_school_or_an_address(data: Any, kinds: list[str]) -> None:
    assert [violation.kind for violation in find_violations(data)] == kinds


@pytest.mark.parametrize(
    "key",
    [
        *("email", "user_email", "userEmail", "USER-EMAIL", "Email.Address", "parentPhone", "phone_number", "mobile"),
        *("address", "homeAddress", "ADDRESS", "ssn", "SSNValue", "password", "birthdate", "child_dob", "fullName"),
        *(
            "full_name",
            "Full-Name",
            "kid.first.name",
            "lastName",
            "date_of_birth",
            "dateOfBirth",
            "email2",
            "first name",
        ),
    ],
)
@pytest.mark.parametrize("value", ["x", 7, 0, 1.5, ["x"], {"inner": "x"}])
def test_a_filled_value_under_a_telling_key_violates(key: str, value: object) -> None:
    (violation,) = find_violations({"profile": [{key: value}]})
    assert violation.kind == "sensitive_key"
    assert violation.path.startswith(f"/profile/0/{key}")
    assert violation.masked == "***"


@pytest.mark.parametrize(
    "key",
    [
        *("mailbox", "telephone", "mobility", "addressee", "passwords", "dobby", "name", "nickname", "first"),
        *("full_moon_name", "birth", "date_of", "birthday_party", "emailed", "first_last_score", "assn"),
    ],
)
def test_other_keys_do_not_violate(key: str) -> None:
    assert find_violations({key: "x"}) == []


@pytest.mark.parametrize("value", [True, False, None, "", "  ", [], {}, [True], {"verified": False}])
def test_an_empty_or_boolean_value_under_a_telling_key_does_not_violate(value: object) -> None:
    assert find_violations({"email": value, "email_verified": value}) == []


def test_a_telling_key_and_its_value_are_two_violations() -> None:
    assert find_violations({"email": "bob@example.com"}) == [
        Violation("email", "/email", "b***@e***.com", "email_address"),
        Violation("sensitive_key", "/email", "***", "key_email"),
    ]


CONSENT = {"recorded_at": "2025-03-14T09:00:00Z", "method": "email_plus"}


@pytest.mark.parametrize(
    ("item", "violates"),
    [
        ({"kind": "photo", "of_child": True, "consent": None}, True),
        ({"kind": "video", "of_child": True}, True),
        ({"kind": "photo", "of_child": True, "consent": CONSENT}, False),
        ({"kind": "photo", "of_child": False, "consent": None}, False),
        ({"kind": "audio", "consent": None}, False),
    ],
)
def test_media_of_a_child_needs_a_recorded_consent(item: dict[str, Any], violates: bool) -> None:
    expected = [Violation("media_without_consent", "/media/1", item["kind"], "media_of_child")] if violates else []
    assert find_violations({"note": "hi"}, [{"kind": "photo", "of_child": False}, item]) == expected


def test_the_region_of_phones_is_passed_on() -> None:
    assert find_violations({"note": "501 234 567"}) == []
    assert [found.kind for found in find_violations({"note": "501 234 567"}, phone_region="PL")] == ["phone"]
