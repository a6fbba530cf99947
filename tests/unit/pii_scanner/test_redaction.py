"""What is replaced in URLs, user agents, metadata and ids, and what is left as it is."""

import csv
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from metrics_api.access.identifiers import References
from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.ingest.event_pii import Leak, replace_in_events
from metrics_api.pii_scanner.redaction import Redactor
from tests.support.planted_pii import plant
from tests.support.realistic_ids import CARD_LIKE_MAKERS, ID_MAKERS, IN_APP_USER_AGENTS
from viral_contract.models.events import Event

LOG = Path(__file__).parents[2] / "data/web_access_events.csv"
PLANTED, WANTED_RECALL = 3_000, 0.97


def build_pseudonyms(key: str = "a key") -> Pseudonyms:
    return Pseudonyms(References(key), Redactor("US"))


def redact(text: str) -> str:
    redacted = Redactor("US").redact(text)
    return text if redacted is None else redacted.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://x.com/i?email=mia@example.com&x=1", "https://x.com/i?email=[email]&x=1"),
        ("https://x.com/i?email=mia%40example.com&x=1", "https://x.com/i?email=[email]&x=1"),
        ("https://x.com/i?email=mia%2540example.com", "https://x.com/i?email=[email]"),
        ("/i?e=mia+school@example.com", "/i?e=[email]"),
        ("/i?e=mia%2Bschool%40example.com", "/i?e=[email]"),
        ("/u/bWlhQGV4YW1wbGUuY29t/x", "/u/[email]/x"),
        ("/i?d=eyJlbWFpbCI6Im1pYUBleGFtcGxlLmNvbSJ9", "/i?d=[email]"),
        ("/i?d=bWlhK2FAZXhhbXBsZS5jb20%3D&x=1", "/i?d=[email]&x=1"),
        ("?to=https%3A%2F%2Fy.com%2F%3Fe%3Dmia%2540example.com", "?to=https%3A%2F%2Fy.com%2F%3Fe%3D[email]"),
        ("?phone=5551234567&uid=5551234567", "?phone=[phone]&uid=5551234567"),
        ("?p=555-123-4567", "?p=[phone]"),
        ("/i/(555)%20123-4567/", "/i/[phone]/"),
        ("?p=%2B15551234567", "?p=[phone]"),
        ("?p=%2B44+20+7946+0958", "?p=[phone]"),
        ("?s=123-45-6789", "?s=[ssn]"),
        ("?s=536.22.1234", "?s=[ssn]"),
        ("?s=536%2022%201234", "?s=[ssn]"),
        ("?card=4111111111111111", "?card=[credit_card]"),
        ("?p=4111111111111111&x=1", "?p=[credit_card]&x=1"),
        ("/pay/378282246310005", "/pay/[credit_card]"),
        ("/pay/5555555555554444?n=2221000000000009", "/pay/[credit_card]?n=[credit_card]"),
        ("/pay/6011111111111117/", "/pay/[credit_card]/"),
        ("/u/whatsapp:+15551234567", "/u/whatsapp:[phone]"),
        ("?c=4111%201111%201111%201111", "?c=[credit_card]"),
        ("?addr=123+Main+Street&y=1", "?addr=[street_address]&y=1"),
        ("/homes/123%20Main%20Street", "/homes/[street_address]"),
    ],
)
def test_it_is_replaced_in_a_url_however_it_is_encoded(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://www.example.com/invite/4f3a9c1b2d?utm_source=buddy&ref=48213",
        "/i?uid=2025550143&contact=1",
        "/i?phone_number_id=2025550143",
        "/i?t=1732970000123&v=120.0.6099.129",
        "?p=4111111111111112",
        "?p=41111111111111111",
        "?p=4222222222222",
        "/a/4155552671",
        "?p=123456789&q=15551234567",
        "/blog/10-best-ways-to-study",
        "/@mia/post",
        "/assets/icon@2x.png",
        "[email] was here",
    ],
)
def test_a_url_without_any_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        ("Mozilla/5.0 (iPad of mia@example.com)", "Mozilla/5.0 (iPad of [email])"),
        ("MyApp/1.0 (emily.abbott@gmail.com)", "MyApp/1.0 ([email])"),
        ("MyApp/1.0 sarah.talbot@school.edu", "MyApp/1.0 [email]"),
        ("MyApp/1.0 (spiderman2014@gmail.com)", "MyApp/1.0 ([email])"),
        ("MyApp/1.0 (help.jones@yahoo.com)", "MyApp/1.0 ([email])"),
        ("MyApp/1.0 (info@example.com)", "MyApp/1.0 ([email])"),
        ("python-requests/2.31 (mia@example.com)", "python-requests/2.31 ([email])"),
    ],
)
def test_every_address_in_a_user_agent_is_replaced_and_counted(user_agent: str, expected: str) -> None:
    replaced = replace_in_events([Event(event_type="click", user_agent=user_agent)], build_pseudonyms())
    assert replaced.events[0].user_agent == expected
    assert list(replaced.leaks.values()) == [{Leak("user_agent", "email")}]


def test_the_contact_of_a_listed_crawler_is_replaced_but_no_leak() -> None:
    claude = "Mozilla/5.0 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)"
    event = Event(event_type="click", user_agent=claude)
    replaced = replace_in_events(
        [event, Event(event_type="click", user_agent=f"{claude} 4111-1111-1111-1111")], build_pseudonyms()
    )
    assert replaced.events[0].user_agent == claude.replace("+claudebot@anthropic.com", "[email]")
    assert list(replaced.leaks.values()) == [{Leak("user_agent", "credit_card")}]


@pytest.mark.parametrize(
    "text", ["id=415-555-2671", "u/219-45-6789", "kid 12 Main Street", "phone=4155552671", "mail mia@example.com"]
)
def test_what_is_replaced_does_not_depend_on_what_was_seen_before(text: str) -> None:
    expected_text, expected_id = Redactor("US").redact(text), Redactor("US").identify(text)
    assert expected_text is not None
    redactor = Redactor("US")
    redactor.identify(text)
    assert redactor.redact(text) == expected_text
    redactor = Redactor("US")
    redactor.redact(text)
    assert redactor.identify(text) == expected_id


def test_an_id_that_is_one_gets_one_pseudonym_in_every_form() -> None:
    replace = build_pseudonyms().replace
    forms = ["mia@example.com", "Mia@Example.com", "mia%40example.com", "bWlhQGV4YW1wbGUuY29t"]
    ids = {replace(form).id for form in forms}
    assert len(ids) == 1
    (pseudonym,) = ids
    assert pseudonym.startswith("pii-email-")
    assert len(pseudonym) == len("pii-email-") + 16
    assert replace(pseudonym).id == pseudonym
    assert build_pseudonyms("another key").replace(forms[0]).id != pseudonym
    assert {replace(phone).id for phone in ("555-123-4567", "(555) 123-4567")} == {replace("555.123.4567").id}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("4111111111111111", "credit_card"),
        ("378282246310005", "credit_card"),
        ("card:4111111111111111", "credit_card"),
        ("+15551234567", "phone"),
        ("user:+15551234567", "phone"),
        ("whatsapp:+15551234567", "phone"),
        ("536-22-1234", "ssn"),
        ("536 22 1234", "ssn"),
        ("123456789", None),
        ("2025550143", None),
        ("15551234567", None),
        ("5105105105105105105", None),
        ("order-4111111111111111", None),
    ],
)
def test_a_number_in_one_piece_is_one_by_its_form(given: str, kind: str | None) -> None:
    replaced = replace_in_events([Event(event_type="click", user_id=given)], build_pseudonyms())
    assert [leak.type for leaks in replaced.leaks.values() for leak in leaks] == ([kind] if kind else [])


def test_a_number_has_one_pseudonym_for_each_kind_of_account() -> None:
    replace = build_pseudonyms().replace
    assert replace("tel:+15551234567") == replace("whatsapp:+1 555 123 4567") == replace("+15551234567")
    assert replace("parent:+15551234567").id not in (replace("child:+15551234567").id, replace("+15551234567").id)


def test_what_a_request_says_of_itself_is_looked_through() -> None:
    event = Event(event_type="click", http_method="mia@example.com", purpose="prefetch;mia@example.com")
    replaced = replace_in_events([event], build_pseudonyms())
    assert (replaced.events[0].http_method, replaced.events[0].purpose) == ("[email]", "prefetch;[email]")
    assert list(replaced.leaks.values()) == [{Leak("http_method", "email"), Leak("purpose", "email")}]


def test_metadata_keeps_its_shape() -> None:
    metadata: dict[str, Any] = {
        "mia@example.com": 1,
        "leo@example.com": {
            "phone": 5551234567,
            "score": 5551234567,
            "list": ["bWlhQGV4YW1wbGUuY29t", None, True, 1.5],
        },
    }
    event = Event(event_type="click", metadata=metadata)
    replaced = replace_in_events([event], build_pseudonyms())
    (stored,) = replaced.events
    assert json.loads(stored.metadata or "") == {
        "[email]": 1,
        "[email] 2": {"phone": "[phone]", "score": 5551234567, "list": ["[email]", None, True, 1.5]},
    }
    assert list(replaced.leaks.values()) == [{Leak("metadata", "email"), Leak("metadata", "phone")}]


def test_of_two_events_with_one_id_the_first_is_counted() -> None:
    event_id = UUID(int=1)
    clean = Event(event_id=event_id, event_type="click")
    leaking = Event(event_id=event_id, event_type="click", landing_page="/?e=mia@example.com")
    assert replace_in_events([clean, leaking], build_pseudonyms()).leaks == {}
    assert replace_in_events([leaking, clean], build_pseudonyms()).leaks == {event_id: {Leak("landing_page", "email")}}


def test_of_planted_values_nearly_all_are_found() -> None:
    pseudonyms, missed = build_pseudonyms(), Counter[tuple[str, str]]()
    for planted in plant(Random(15), PLANTED):
        event = Event.model_validate({"event_type": "click", planted.field: planted.written})
        replaced = replace_in_events([event], pseudonyms)
        stored = str(getattr(replaced.events[0], planted.field))
        is_counted = [{leak.field for leak in leaks} for leaks in replaced.leaks.values()] == [{planted.field}]
        if not is_counted or any(part in stored for part in planted.parts):
            missed[planted.field, planted.type] += 1
    assert 1 - missed.total() / PLANTED >= WANTED_RECALL, missed


@pytest.mark.parametrize("name", ID_MAKERS)
def test_realistic_ids_are_no_personal_information(name: str) -> None:
    redactor, random = Redactor("US"), Random(name)
    for _ in range(500):
        given = ID_MAKERS[name](random)
        assert redactor.identify(given) is None, given
        for url in (f"/s/{given}", f"https://x.com/?uid={given}&contact=1", f"https://x.com/a?b=1&x={given}"):
            assert redactor.redact(url) is None, url
        assert redactor.redact_value("session", given) is None, given


@pytest.mark.parametrize("name", CARD_LIKE_MAKERS)
def test_few_ids_look_like_cards_by_chance(name: str) -> None:
    make, most = CARD_LIKE_MAKERS[name]
    redactor, random = Redactor("US"), Random(name)
    found = sum(redactor.identify(make(random)) is not None for _ in range(5_000))
    assert 0 < found / 5_000 <= most


def test_user_agents_and_urls_of_a_public_log_are_not_changed() -> None:
    pseudonyms, changed, counted = build_pseudonyms(), set(), set()
    with LOG.open() as file:
        rows = {
            (row["referrer"][:2048], row["request"].split(" ")[1][:2048], row["user_agent"])
            for row in csv.DictReader(file)
        }
    for referrer, page, user_agent in rows:
        event = Event(event_type="click", referrer_url=referrer, landing_page=page, user_agent=user_agent)
        replaced = replace_in_events([event], pseudonyms)
        stored = replaced.events[0]
        changed |= {(event.referrer_url, stored.referrer_url), (event.landing_page, stored.landing_page)}
        changed |= {(user_agent, stored.user_agent)}
        counted |= {user_agent for leaks in replaced.leaks.values() if leaks}
    assert {given for given, stored in changed if given != stored and "@" not in given} == set()
    # Bots that no list names, or names by their address alone.
    names = ("LiveJournal.com", "Superblock-Denim", "VoilaBot", "Ezooms")
    assert {next((name for name in names if name in each), each) for each in counted} == set(names)
    redactor = Redactor("US")
    assert [agent for agent in IN_APP_USER_AGENTS if redactor.redact(agent)] == []
