"""The scanner on request: what is found where, and that the value itself shows up nowhere."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert, text

from metrics_api.access.secrets import create_secret, hash_secret
from metrics_api.db.tables import metadata, tokens
from tests.support.api_fixtures import Api, build_app
from viral_contract.models.people import Scope

SCAN = "/v1/pii/scan"


def scan(api: Api, **body: Any) -> list[dict[str, Any]]:
    response = api.send("POST", SCAN, json=body)
    assert response.status_code == 200, response.get_data(as_text=True)
    return list(response.get_json()["findings"])


def test_a_text_is_scanned_and_every_finding_says_type_place_sample_and_rule(api: Api) -> None:
    said = "mail john@example.com or call 555-123-4567"
    email, phone = scan(api, text=said)
    assert {"type": "email", "masked": "j***@e***.com", "path": None}.items() <= email.items()
    assert said[email["start"] : email["end"]] == "john@example.com"
    assert said[phone["start"] : phone["end"]] == "555-123-4567"
    assert email["rule"]
    assert phone["type"] == "phone"


@pytest.mark.parametrize("said", ["", "Beat my best time today!", "Line one\nLine two\t\0"])
def test_a_clean_text_gives_an_empty_list(api: Api, said: str) -> None:
    assert scan(api, text=said) == []


def test_offsets_count_unicode_code_points(api: Api) -> None:
    said = "🎓🎓 Zoë: john@example.com 🎓"
    (email,) = scan(api, text=said)
    assert said[email["start"] : email["end"]] == "john@example.com"


def test_data_is_walked_and_the_path_is_told(api: Api) -> None:
    (email,) = scan(api, data={"a/b": [{"~": "hi"}, {"~": "mail john@example.com"}], "count": 5})
    assert (email["path"], email["start"], email["end"]) == ("/a~1b/1/~0", 5, 21)


@pytest.mark.parametrize(
    "body", [{}, {"text": "a", "data": {}}, {"text": None}, {"text": 7}, {"data": "a"}, {"data": ["a"]}, {"txt": "a"}]
)
def test_anything_but_one_text_or_one_object_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.refuse(422, "POST", SCAN, json=body)["code"] == "invalid"


@pytest.mark.parametrize("filler", ["x", "ü", "🎓", "\x01"])
def test_64_kib_of_utf_8_are_scanned_and_more_is_too_large(api: Api, filler: str) -> None:
    largest = filler * (65_536 // len(filler.encode()))
    assert scan(api, text=largest) == []
    assert api.refuse(413, "POST", SCAN, json={"text": largest + filler})["code"] == "too_large"
    assert api.refuse(413, "POST", SCAN, json={"text": largest * 20})["code"] == "too_large"


def test_data_may_have_64_kib_as_well(api: Api) -> None:
    value = "x" * (65_536 - len('{"a":""}'))
    assert scan(api, data={"a": value}) == []
    assert api.refuse(413, "POST", SCAN, json={"data": {"a": value + "x"}})["code"] == "too_large"


def test_the_value_is_neither_answered_nor_logged_nor_stored(
    api: Api, connection: Connection, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "john.hartwell@example.com"
    bodies = [{"text": f"write to {secret}"}, {"data": {"note": secret, secret: 1}}, {"text": [secret]}]
    answered = [api.send("POST", SCAN, json=body).get_data(as_text=True) for body in bodies]
    broken = api.send("POST", SCAN, data=f'{{"text": "{secret}"', content_type="application/json")
    assert broken.status_code == 400
    assert "hartwell" not in "".join([*answered, broken.get_data(as_text=True)])
    logged = "".join(capfd.readouterr())
    assert SCAN in logged
    assert "hartwell" not in logged
    for table in metadata.sorted_tables:
        found = text(f"SELECT count(*) FROM {table.name} AS stored WHERE stored::text LIKE '%hartwell%'")
        assert connection.execute(found).scalar_one() == 0


@pytest.fixture
def portuguese_api(database_url: str, redis_url: str, connection: Connection) -> Iterator[Api]:
    """A caller of an application for another region."""
    token = create_secret()
    row = {"name": "a test", "token_hash": hash_secret(token), "scopes": [Scope.METRICS_READ]}
    connection.execute(insert(tokens).values(row))
    app = build_app(database_url=database_url, redis_url=redis_url, pii_phone_region="PT")
    yield Api(app, token)
    app.extensions["context"].database.close()


def test_a_number_without_prefix_is_judged_by_the_rules_of_the_configured_region(api: Api, portuguese_api: Api) -> None:
    assert [finding["type"] for finding in scan(portuguese_api, text="912 345 678")] == ["phone"]
    assert scan(api, text="912 345 678") == []


def test_scanning_needs_the_scope_of_readers(holder_of: Callable[..., Api]) -> None:
    assert scan(holder_of(Scope.METRICS_READ), text="hello") == []
    writer = holder_of(Scope.EVENTS_WRITE)
    assert writer.refuse(403, "POST", SCAN, json={"text": "hello"})["code"] == "missing_scope"
