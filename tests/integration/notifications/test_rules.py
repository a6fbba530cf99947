"""Rules that say who is told about alerts: what they may say, and what is shown of them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from metrics_api.access.identifiers import References
from metrics_api.deliveries.signing_secrets import fetch_signing_secret
from tests.support.api_fixtures import IDENTIFIER_KEY, Api, build_app, create_token
from viral_contract.models.people import Scope

RULES = "/v1/notification-rules"
HOOK = "https://hooks.example.com/T1/secret-path"
BODY = {"name": "On call", "severities": ["critical", "high"], "channel": "webhook", "target": HOOK}


def create(api: Api, **fields: Any) -> dict[str, Any]:
    """A new rule."""
    response = api.send("POST", RULES, json={**BODY, **fields})
    assert response.status_code == 201, response.get_data(as_text=True)
    return dict(response.get_json())


def change(api: Api, rule_id: int, **fields: Any) -> dict[str, Any]:
    """The rule after a change that keeps its target unless another is given."""
    response = api.send("PUT", f"{RULES}/{rule_id}", json={**BODY, "target": None, **fields})
    assert response.status_code == 200, response.get_data(as_text=True)
    return dict(response.get_json())


def read_target(connection: Connection, rule_id: int) -> str:
    """The whole target."""
    statement = text("SELECT target FROM notification_rules WHERE id = :id")
    return str(connection.execute(statement, {"id": rule_id}).scalar_one())


def test_a_rule_is_made_listed_changed_and_deleted(api: Api) -> None:
    made = create(api)
    assert {name: made[name] for name in ("name", "severities", "channel", "enabled", "waiting", "last_message")} == {
        "name": "On call",
        "severities": ["critical", "high"],
        "channel": "webhook",
        "enabled": True,
        "waiting": 0,
        "last_message": None,
    }
    changed = change(api, made["id"], name="Night shift", severities=["medium", "medium"], enabled=False)
    assert (changed["name"], changed["severities"], changed["enabled"]) == ("Night shift", ["medium"], False)
    (listed,) = api.read(RULES)["rules"]
    assert listed == api.read(f"{RULES}/{made['id']}")
    assert listed["name"] == "Night shift"
    assert api.send("DELETE", f"{RULES}/{made['id']}").status_code == 204
    assert api.read(RULES)["total_rules"] == 0
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/secret")):
        api.refuse(404, method, f"{RULES}/{made['id']}{path}")
    api.refuse(404, "PUT", f"{RULES}/{made['id']}", json=BODY)


def test_the_secret_is_told_once_and_kept_sealed(api: Api, connection: Connection) -> None:
    made = create(api)
    references = References(IDENTIFIER_KEY)
    assert len(made["secret"]) >= 40
    assert fetch_signing_secret(connection, references, made["id"]) == made["secret"]
    stored = connection.execute(text("SELECT sealed_secret FROM notification_rules")).scalar_one()
    assert made["secret"].encode() not in bytes(stored)
    assert "secret" not in api.read(f"{RULES}/{made['id']}")
    assert change(api, made["id"])["secret"] is None
    rotated = api.send("POST", f"{RULES}/{made['id']}/secret").get_json()["secret"]
    assert rotated != made["secret"]
    assert fetch_signing_secret(connection, references, made["id"]) == rotated
    assert fetch_signing_secret(connection, References("another key than that of tests"), made["id"]) is None


def test_only_the_channel_webhook_has_a_secret(api: Api, connection: Connection) -> None:
    rule = create(api, channel="slack")
    assert rule["secret"] is None
    assert api.refuse(409, "POST", f"{RULES}/{rule['id']}/secret")["code"] == "not_signed"
    signed = change(api, rule["id"], channel="webhook", target=HOOK)
    assert fetch_signing_secret(connection, References(IDENTIFIER_KEY), rule["id"]) == signed["secret"]
    change(api, rule["id"], channel="email", target="ana@example.com")
    assert fetch_signing_secret(connection, References(IDENTIFIER_KEY), rule["id"]) is None


def test_the_url_of_a_webhook_is_never_shown_whole_and_an_address_is(api: Api, connection: Connection) -> None:
    hook = create(api)
    mail = create(api, name="Mail", channel="email", target="Ana@Example.com")
    assert (hook["target"], mail["target"]) == ("https://hooks.example.com/…", "Ana@example.com")
    assert "secret-path" not in api.get(RULES).get_data(as_text=True)
    assert change(api, hook["id"])["target"] == "https://hooks.example.com/…"
    assert read_target(connection, hook["id"]) == HOOK
    change(api, hook["id"], target="https://other.example.com/T2")
    assert read_target(connection, hook["id"]) == "https://other.example.com/T2"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"name": "On call\r\nBcc: eve@example.com"}, "/name"),
        ({"severities": []}, "/severities"),
        ({"severities": ["low"]}, "/severities/0"),
        ({"channel": "pager"}, "/channel"),
        ({"target": None}, "/target"),
        ({"target": "hooks.example.com"}, "/target"),
        ({"target": "ftp://hooks.example.com/x"}, "/target"),
        ({"target": "https://"}, "/target"),
        ({"target": "https://ana:pw@hooks.example.com/"}, "/target"),
        ({"channel": "email"}, "/target"),
        ({"channel": "email", "target": "ana@example.com\nBcc: eve@example.com"}, "/target"),
        ({"channel": "email", "target": "ana"}, "/target"),
        ({"secret": "mine"}, "/secret"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(api: Api, fields: dict[str, Any], pointer: str) -> None:
    problem = api.refuse(422, "POST", RULES, json={**BODY, **fields})
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert api.read(RULES)["total_rules"] == 0


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - it is refused.
        "224.0.0.1",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST.",
        "hooks.localhost",
    ],
)
def test_private_and_loopback_addresses_are_refused_at_once(api: Api, host: str) -> None:
    problem = api.refuse(422, "POST", RULES, json={**BODY, "target": f"http://{host}:8080/hook"})
    assert problem["errors"][0]["pointer"] == "/target"
    assert "WEBHOOK_ALLOWED_NETWORKS" in problem["errors"][0]["detail"]


def test_the_settings_allow_private_networks(
    database_url: str, redis_url: str, empty_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_ALLOWED_NETWORKS", "10.0.0.0/8, ::1/128")
    app = build_app(database_url=database_url, redis_url=redis_url)
    admin = Api(app, create_token(empty_database, Scope.ADMIN))
    assert admin.send("POST", RULES, json={**BODY, "target": "http://10.9.8.7/hook"}).status_code == 201
    assert admin.send("POST", RULES, json={**BODY, "name": "B", "target": "http://[::1]/hook"}).status_code == 201
    admin.refuse(422, "POST", RULES, json={**BODY, "name": "C", "target": "http://192.168.0.1/hook"})


def test_a_changed_channel_needs_its_own_target(api: Api) -> None:
    rule = create(api)
    problem = api.refuse(422, "PUT", f"{RULES}/{rule['id']}", json={**BODY, "channel": "slack", "target": None})
    assert problem["errors"][0]["pointer"] == "/target"


def test_two_rules_cannot_have_one_name(api: Api) -> None:
    create(api)
    other = create(api, name="Other")
    assert api.refuse(409, "POST", RULES, json=BODY)["code"] == "name_taken"
    assert api.refuse(409, "PUT", f"{RULES}/{other['id']}", json=BODY)["code"] == "name_taken"


def test_the_audit_keeps_who_changed_what_without_any_secret(
    holder_of: Callable[..., Api], connection: Connection
) -> None:
    admin = holder_of(Scope.ADMIN, name="olga@example.com")
    made = create(admin)
    change(admin, made["id"], enabled=False)
    rotated = admin.send("POST", f"{RULES}/{made['id']}/secret").get_json()["secret"]
    admin.send("POST", f"{RULES}/{made['id']}/test")
    admin.send("DELETE", f"{RULES}/{made['id']}")
    rows = connection.execute(
        text("SELECT actor, action, subject, concat(details, before, after) AS kept FROM audit_entries ORDER BY id")
    ).all()
    assert [(row.actor, row.action, row.subject) for row in rows] == [
        ("olga@example.com", action, f"notification_rule:{made['id']}")
        for action in (
            "create_notification_rule",
            "change_notification_rule",
            "rotate_notification_secret",
            "test_notification_rule",
            "delete_notification_rule",
        )
    ]
    kept = "".join(row.kept for row in rows)
    assert not [secret for secret in (made["secret"], rotated, "secret-path") if secret in kept]
    assert '"enabled": false' in kept


def test_deleting_a_rule_cancels_what_it_had_still_to_send(api: Api, connection: Connection) -> None:
    rule = create(api)
    api.send("POST", f"{RULES}/{rule['id']}/test")
    api.send("DELETE", f"{RULES}/{rule['id']}")
    assert connection.execute(text("SELECT status FROM deliveries")).scalars().all() == ["cancelled"]


def test_rules_are_listed_by_name_in_pages(api: Api) -> None:
    for name in ("Cat", "Ann", "Ben"):
        create(api, name=name)
    first = api.read(RULES, limit=2)
    second = api.read(RULES, limit=2, cursor=first["next_cursor"])
    assert [rule["name"] for rule in first["rules"] + second["rules"]] == ["Ann", "Ben", "Cat"]
    assert (first["total_rules"], second["next_cursor"]) == (3, None)


def test_while_the_flag_is_off_every_rule_says_so(api: Api) -> None:
    create(api)
    answer = api.read(RULES)
    assert (answer["switched_on"], answer["rules"][0]["switched_on"]) == (False, False)


def test_only_admins_see_and_change_rules(holder_of: Callable[..., Api]) -> None:
    analyst = holder_of(Scope.METRICS_READ, Scope.ALERTS_WRITE, Scope.REPORTS_WRITE)
    analyst.refuse(403, "GET", RULES)
    analyst.refuse(403, "POST", RULES, json=BODY)
