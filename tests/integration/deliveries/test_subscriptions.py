"""Who gets the scheduled reports, who gets nothing any more, and the links that end subscriptions."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from metrics_api.access.identifiers import References
from metrics_api.db.tables import audit_entries, suppressions
from metrics_api.deliveries.subscriptions import build_unsubscribe_url
from tests.support.api_fixtures import IDENTIFIER_KEY, Api
from viral_contract.models.people import Scope

PATH = "/v1/subscriptions"
ANA, BEN, CAT = "ana@example.com", "ben@example.com", "cat@example.com"
PUBLIC_URL = "https://guardrails.example.com/"


def subscribe(api: Api, *emails: str, report_type: str = "weekly") -> tuple[int, list[dict[str, Any]]]:
    """The status and the subscriptions of the answer."""
    response = api.send("POST", PATH, json={"recipient_emails": list(emails), "report_type": report_type})
    assert response.status_code in (200, 201), response.get_data(as_text=True)
    return response.status_code, response.get_json()["subscriptions"]


def list_all(api: Api, **query: Any) -> list[tuple[str, str]]:
    """Address and type of every subscription, in the order of the list."""
    return [(each["email"], each["report_type"]) for each in api.read(PATH, **query)["subscriptions"]]


def build_token(email: str, key: str = IDENTIFIER_KEY) -> str:
    """What the unsubscribe link of an address ends with."""
    return build_unsubscribe_url(PUBLIC_URL, References(key), email).rpartition("/")[2]


def suppress(connection: Connection, email: str) -> None:
    """What a delivery that failed for good leaves."""
    row = {"email": email, "reason": "550 no such user", "delivery_id": 7, "created_at": datetime.now(UTC)}
    connection.execute(insert(suppressions).values(row))


def test_addresses_are_subscribed_to_one_type_each(api: Api) -> None:
    assert subscribe(api, BEN, ANA)[0] == 201
    subscribe(api, ANA, report_type="monthly")
    assert list_all(api) == [(ANA, "monthly"), (ANA, "weekly"), (BEN, "weekly")]
    assert list_all(api, report_type="weekly") == [(ANA, "weekly"), (BEN, "weekly")]


def test_the_same_address_in_other_spelling_is_subscribed_once(api: Api) -> None:
    status, made = subscribe(api, "Ana@Example.com", "ANA@example.com", ANA)
    assert (status, [each["email"] for each in made]) == (201, [ANA])
    status, again = subscribe(api, "ana@EXAMPLE.com", BEN)
    assert (status, [each["email"] for each in again]) == (201, [ANA, BEN])
    assert again[0]["id"] == made[0]["id"]
    assert subscribe(api, ANA, BEN)[0] == 200


def test_every_bad_address_is_named_and_none_is_subscribed(api: Api) -> None:
    given = [ANA, "nobody", BEN, f"{CAT}\r\nBcc: {BEN}", "ana@", "@example.com", "a b@example.com"]
    problem = api.refuse(422, "POST", PATH, json={"recipient_emails": given, "report_type": "weekly"})
    assert [error["pointer"] for error in problem["errors"]] == [f"/recipient_emails/{n}" for n in (1, 3, 4, 5, 6)]
    assert list_all(api) == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"recipient_emails": [], "report_type": "weekly"}, "/recipient_emails"),
        ({"recipient_emails": [f"p{n}@example.com" for n in range(101)], "report_type": "weekly"}, "/recipient_emails"),
        ({"recipient_emails": ANA, "report_type": "weekly"}, "/recipient_emails"),
        ({"recipient_emails": [ANA], "report_type": "custom"}, "/report_type"),
        ({"recipient_emails": [ANA]}, "/report_type"),
        ({"recipient_emails": [ANA], "report_type": "weekly", "cc": BEN}, "/cc"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(api: Api, body: dict[str, Any], pointer: str) -> None:
    problem = api.refuse(422, "POST", PATH, json=body)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_a_subscription_ends_by_its_id_or_by_its_address(api: Api) -> None:
    _, (ana, _ben) = subscribe(api, ANA, BEN)
    subscribe(api, ANA, BEN, report_type="monthly")
    assert api.send("DELETE", f"{PATH}/{ana['id']}").status_code == 204
    assert list_all(api) == [(ANA, "monthly"), (BEN, "monthly"), (BEN, "weekly")]
    assert api.send("DELETE", PATH, query_string={"email": BEN, "report_type": "weekly"}).status_code == 204
    assert api.send("DELETE", PATH, query_string={"email": "ANA@example.com"}).status_code == 204
    assert list_all(api) == [(BEN, "monthly")]
    api.refuse(404, "DELETE", f"{PATH}/{ana['id']}")
    api.refuse(404, "DELETE", PATH, query_string={"email": ANA})
    api.refuse(422, "DELETE", PATH)


def test_subscriptions_are_listed_in_pages(api: Api) -> None:
    for report_type in ("weekly", "monthly"):
        subscribe(api, CAT, ANA, BEN, report_type=report_type)
    listed: list[tuple[str, str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.read(PATH, limit=4, **({"cursor": cursor} if cursor else {}))
        listed += [(each["email"], each["report_type"]) for each in page["subscriptions"]]
        cursor = page["next_cursor"]
        assert page["total_subscriptions"] == 6
    assert listed == [(email, kind) for email in (ANA, BEN, CAT) for kind in ("monthly", "weekly")]


def test_a_suppressed_address_is_marked_until_the_suppression_is_lifted(api: Api, connection: Connection) -> None:
    suppress(connection, "Ana@example.com")
    _, made = subscribe(api, ANA, BEN)
    assert [each["suppressed"] for each in made] == ["550 no such user", None]
    (listed,) = api.read("/v1/suppressions")["suppressions"]
    assert (listed["email"], listed["reason"], listed["delivery_id"]) == ("Ana@example.com", "550 no such user", 7)
    assert api.send("DELETE", f"/v1/suppressions/{ANA}").status_code == 204
    assert api.read("/v1/suppressions")["total_suppressions"] == 0
    assert [each["suppressed"] for each in api.read(PATH)["subscriptions"]] == [None, None]
    api.refuse(404, "DELETE", f"/v1/suppressions/{ANA}")


def test_suppressed_addresses_are_listed_in_pages(api: Api, connection: Connection) -> None:
    for email in (CAT, ANA, BEN):
        suppress(connection, email)
    first = api.read("/v1/suppressions", limit=2)
    second = api.read("/v1/suppressions", limit=2, cursor=first["next_cursor"])
    assert [each["email"] for each in first["suppressions"] + second["suppressions"]] == [ANA, BEN, CAT]
    assert second["next_cursor"] is None


def test_the_audit_keeps_who_changed_what(holder_of: Callable[..., Api], connection: Connection) -> None:
    admin = holder_of(Scope.REPORTS_WRITE, Scope.SESSIONS_WRITE, name="olga@example.com")
    suppress(connection, BEN)
    _, (_, ben) = subscribe(admin, ANA, BEN)
    subscribe(admin, ANA)
    admin.send("DELETE", f"{PATH}/{ben['id']}")
    admin.send("DELETE", f"/v1/suppressions/{BEN}")
    admin.send("POST", "/v1/unsubscriptions", json={"token": build_token(ANA)})
    entries = connection.execute(select(audit_entries).order_by(audit_entries.c.id)).all()
    assert [(entry.actor, entry.action, entry.subject, entry.details) for entry in entries] == [
        ("olga@example.com", "subscribe", "subscriptions:weekly", {"emails": [ANA, BEN]}),
        ("olga@example.com", "unsubscribe", "subscriptions:weekly", {"emails": [BEN]}),
        ("olga@example.com", "lift_suppression", f"suppression:{BEN}", {"reason": "550 no such user"}),
        (ANA, "unsubscribe_by_link", "subscriptions:weekly", {"emails": [ANA]}),
    ]


def test_a_link_ends_everything_that_its_address_gets_and_nothing_else(api: Api) -> None:
    for report_type in ("weekly", "monthly"):
        subscribe(api, ANA, BEN, report_type=report_type)
    token = build_token("Ana@example.com")
    said = {"email": "A…@example.com", "report_types": ["monthly", "weekly"]}
    assert api.read(f"/v1/unsubscriptions/{token}") == said
    assert len(list_all(api)) == 4
    assert api.send("POST", "/v1/unsubscriptions", json={"token": token}).get_json() == said
    assert list_all(api) == [(BEN, "monthly"), (BEN, "weekly")]
    again = api.send("POST", "/v1/unsubscriptions", json={"token": token})
    assert (again.status_code, again.get_json()["report_types"]) == (200, [])


def test_only_our_links_end_anything(api: Api) -> None:
    subscribe(api, ANA)
    token = build_token(ANA)
    forged = [
        build_token(ANA, key="another key than that of these tests"),
        References(IDENTIFIER_KEY).seal(ANA, purpose="reference"),
        token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1],
        ANA,
        "…",
    ]
    for each in forged:
        api.refuse(404, "GET", f"/v1/unsubscriptions/{each}")
        problem = api.refuse(422, "POST", "/v1/unsubscriptions", json={"token": each})
        assert problem["errors"][0]["pointer"] == "/token"
    assert list_all(api) == [(ANA, "weekly")]


def test_a_link_tells_its_address_to_nobody_and_stays_the_same() -> None:
    url = build_unsubscribe_url(PUBLIC_URL, References(IDENTIFIER_KEY), ANA)
    assert url.startswith("https://guardrails.example.com/unsubscribe/")
    assert "ana" not in url.rpartition("/")[2].lower()
    assert url == build_unsubscribe_url(PUBLIC_URL, References(IDENTIFIER_KEY), ANA)


def test_viewers_see_no_recipients(holder_of: Callable[..., Api]) -> None:
    viewer = holder_of(Scope.METRICS_READ)
    for path in (PATH, "/v1/suppressions"):
        viewer.refuse(403, "GET", path)
    viewer.refuse(403, "POST", PATH, json={"recipient_emails": [ANA], "report_type": "weekly"})
    viewer.refuse(403, "POST", "/v1/unsubscriptions", json={"token": build_token(ANA)})
