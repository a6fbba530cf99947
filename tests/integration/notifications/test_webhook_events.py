"""What programs are told: cases, verdicts, conversions that are not credible and reports, once each."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, Engine, insert, select, text

from metrics_api.cases.verdicts import Act, undo_verdict
from metrics_api.context import Context
from metrics_api.db.tables import batches, not_credible_conversions, referrals
from metrics_api.notifications.dispatch import enqueue_messages
from tests.support.api_fixtures import Api
from tests.support.builders import build_event
from tests.support.case_builders import DEVICE, FRAUD, LEGITIMATE, evaluate, plant_burst, plant_self_referral
from tests.support.entity_lists import save_entry
from tests.support.privacy_requests import erase
from tests.support.purging import dump
from tests.support.report_runs import make_report
from tests.support.waiting import count_waiting, wait_until

RULES = "/v1/notification-rules"
HOOK = "https://hooks.example.com/T1/secret-path"
EVERYTHING = ["case.opened", "case.decided", "conversion.not_credible", "report.ready"]


def create_rule(admin: Api, *event_types: str, **fields: Any) -> dict[str, Any]:
    """A rule about these types."""
    rule = {"name": "The app", "severities": ["critical"], "channel": "webhook", "target": HOOK, **fields}
    if event_types:
        rule["event_types"] = list(event_types)
    response = admin.send("POST", RULES, json=rule)
    assert response.status_code == 201, response.get_data(as_text=True)
    return dict(response.get_json())


def call(mailing: Context, connection: Connection) -> list[tuple[str, dict[str, Any]]]:
    """Everything that webhooks are called about so far, in order, after what waits has been requested."""
    enqueue_messages(mailing, now=datetime.now(UTC))
    rows = connection.execute(text("SELECT event FROM delivery_requests WHERE event IS NOT NULL ORDER BY id"))
    return [(event["type"], event["data"]) for event in rows.scalars()]


def test_a_case_its_conversion_and_its_verdict_are_told_once_each(
    admin: Api, mailing: Context, connection: Connection
) -> None:
    create_rule(admin, *EVERYTHING)
    (event_id,) = plant_burst(admin)
    evaluate(mailing)
    evaluate(mailing)
    called = dict(call(mailing, connection))
    (case,) = admin.read("/v1/cases")["cases"]
    assert called["case.opened"] == {
        "case_id": case["id"],
        "kind": "device",
        "rules": ["burst"],
        "strength": "flags",
        "status": "open",
        "verdict": None,
        "stake": case["stake"],
        "url": f"https://guardrails.example.com/dashboard/cases/{case['id']}",
    }
    conversion = called["conversion.not_credible"]
    assert (conversion["event_id"], conversion["verdict"]) == (event_id, "not_credible")
    assert [reason["code"] for reason in conversion["reasons"]] == ["open_case", "device_burst"]
    admin.send("POST", f"/v1/cases/{case['id']}/verdict", json=LEGITIMATE)
    admin.send("POST", f"/v1/cases/{case['id']}/undo")
    admin.send("POST", f"/v1/cases/{case['id']}/verdict", json=FRAUD)
    evaluate(mailing)
    told = call(mailing, connection)[2:]
    assert [(event_type, data["verdict"], data.get("undone")) for event_type, data in told] == [
        ("case.decided", "legitimate", False),
        ("case.decided", None, True),
        ("conversion.not_credible", "not_credible", None),
        ("case.decided", "fraud", False),
    ]
    assert (
        DEVICE not in connection.execute(text("SELECT string_agg(event::text, '') FROM delivery_requests")).scalar_one()
    )


def test_a_conversion_that_only_looked_suspicious_is_told_with_the_verdict(
    admin: Api, mailing: Context, connection: Connection
) -> None:
    (event_id,) = plant_burst(admin)
    evaluate(mailing)
    connection.execute(text("UPDATE case_conversions SET is_flagged = false"))
    connection.execute(text("DELETE FROM not_credible_conversions"))
    create_rule(admin, "conversion.not_credible")
    (case,) = admin.read("/v1/cases")["cases"]
    assert call(mailing, connection) == []
    admin.send("POST", f"/v1/cases/{case['id']}/verdict", json=FRAUD)
    ((_, data),) = call(mailing, connection)
    assert (data["event_id"], data["reasons"][0]["code"]) == (event_id, "judged_fraud")


def save_conversion(admin: Api, **fields: Any) -> str:
    """A conversion of today with the credit of somebody; returns its id."""
    event = build_event("conversion", at=datetime.now(UTC), **{"referrer_id": "zoe", "user_id": "new", **fields})
    admin.post_events(event)
    return str(event["event_id"])


def list_not_credible(mailing: Context, connection: Connection) -> list[str]:
    """The conversions that programs were told about, in order."""
    called = call(mailing, connection)
    return [data["event_id"] for event_type, data in called if event_type == "conversion.not_credible"]


def test_later_conversions_of_somebody_judged_fraud_are_told_once_while_rules_are_silent(
    admin: Api, mailing: Context, connection: Connection
) -> None:
    create_rule(admin, "conversion.not_credible")
    planted = plant_self_referral(admin)
    evaluate(mailing)
    (case,) = admin.read("/v1/cases")["cases"]
    admin.send("POST", f"/v1/cases/{case['id']}/verdict", json=FRAUD)
    later = save_conversion(admin, referrer_id="sam", user_id="somebody-else")
    for _ in range(2):
        evaluate(mailing)
    told = list_not_credible(mailing, connection)
    assert (sorted(told[:-1]), told[-1]) == (sorted(planted), later)


@pytest.mark.parametrize(
    ("kind", "value", "fields"),
    [
        ("user_agent", "Farm", {"user_agent": "Farm"}),
        ("device", "farm-device", {"device_fingerprint": "farm-device"}),
        ("referrer", "farmer", {"referrer_id": "farmer"}),
        ("link", "farm-link", {"link_id": "farm-link"}),
        ("network", "198.51.100.0/24", {"ip_address": "198.51.100.9"}),
    ],
)
def test_conversions_with_anything_denied_are_told_once_each_time(
    admin: Api, mailing: Context, connection: Connection, kind: str, value: str, fields: dict[str, str]
) -> None:
    create_rule(admin, "conversion.not_credible")
    save_entry(admin, f"deny/{kind}", value)
    event_id = save_conversion(admin, **fields)
    for _ in range(2):
        evaluate(mailing)
    assert list_not_credible(mailing, connection) == [event_id]
    admin.send("DELETE", f"/v1/lists/deny/{kind}/{quote(value, safe='')}")
    evaluate(mailing)
    save_entry(admin, f"deny/{kind}", value)
    evaluate(mailing)
    assert list_not_credible(mailing, connection) == [event_id, event_id]


def test_an_undone_verdict_that_is_given_again_is_told_again(
    admin: Api, mailing: Context, connection: Connection
) -> None:
    create_rule(admin, "conversion.not_credible")
    event_id = save_conversion(admin)
    save_entry(admin, "watch/referrer", "zoe")
    evaluate(mailing)
    (case,) = admin.read("/v1/cases")["cases"]
    for times in (1, 2):
        admin.send("POST", f"/v1/cases/{case['id']}/verdict", json=FRAUD)
        evaluate(mailing)
        assert list_not_credible(mailing, connection) == [event_id] * times
        admin.send("POST", f"/v1/cases/{case['id']}/undo")


def test_a_conversion_that_a_second_case_flags_too_is_told_once(
    admin: Api, mailing: Context, connection: Connection
) -> None:
    create_rule(admin, "conversion.not_credible")
    (event_id,) = plant_burst(admin)
    evaluate(mailing)
    save_entry(admin, "deny/referrer", "leo")
    evaluate(mailing)
    assert len(admin.read("/v1/cases")["cases"]) == 2
    assert list_not_credible(mailing, connection) == [event_id]


def test_evaluations_at_once_tell_about_a_conversion_once(admin: Api, mailing: Context, connection: Connection) -> None:
    create_rule(admin, "conversion.not_credible")
    plant_self_referral(admin)
    evaluate(mailing)
    (case,) = admin.read("/v1/cases")["cases"]
    admin.send("POST", f"/v1/cases/{case['id']}/verdict", json=FRAUD)
    save_entry(admin, "deny/user_agent", "Farm")
    new = [save_conversion(admin, user_agent="Farm"), save_conversion(admin, referrer_id="sam")]
    with ThreadPoolExecutor(4) as people:
        list(people.map(lambda _: evaluate(mailing), range(4)))
    told = list_not_credible(mailing, connection)
    assert sorted(told[2:]) == sorted(new)


def test_people_who_decide_about_the_same_conversions_at_once_do_not_block_one_another(
    admin: Api, mailing: Context, connection: Connection
) -> None:
    create_rule(admin, "conversion.not_credible")
    told = sorted(save_conversion(admin, user_id=f"user-{number}", link_id="link-zoe") for number in range(40))
    for kind, value in (("referrer", "zoe"), ("link", "link-zoe")):
        save_entry(admin, f"watch/{kind}", value)
    evaluate(mailing)
    cases = admin.read("/v1/cases")["cases"]
    assert len(cases) == 2

    def decide_and_undo(case: dict[str, Any]) -> list[int]:
        path = f"/v1/cases/{case['id']}"
        return [
            admin.send("POST", f"{path}/{step}", json=body).status_code
            for _ in range(5)
            for step, body in (("verdict", FRAUD), ("undo", None))
        ]

    with ThreadPoolExecutor(2) as people:
        assert {status for statuses in people.map(decide_and_undo, cases) for status in statuses} == {200}
    known = select(not_credible_conversions.c.event_id)
    assert connection.execute(known).all() == []
    admin.send("POST", f"/v1/cases/{cases[0]['id']}/verdict", json=FRAUD)
    connection.rollback()
    assert sorted(map(str, connection.execute(known).scalars())) == told


def test_what_two_people_take_back_at_once_is_credible_again(
    admin: Api, mailing: Context, connection: Connection, engine: Engine
) -> None:
    save_conversion(admin, link_id="link-zoe")
    for kind, value in (("referrer", "zoe"), ("link", "link-zoe")):
        save_entry(admin, f"watch/{kind}", value)
    evaluate(mailing)
    first, second = (case["id"] for case in admin.read("/v1/cases")["cases"])
    for case_id in (first, second):
        admin.send("POST", f"/v1/cases/{case_id}/verdict", json=FRAUD)
    with ThreadPoolExecutor(1) as other:
        with engine.begin() as own:
            undo_verdict(own, first, Act("ann", datetime.now(UTC)), verdict_id=None)
            undone = other.submit(admin.send, "POST", f"/v1/cases/{second}/undo")
            wait_until(lambda: undone.done() or count_waiting(connection) == 1, "the other one waits or is done")
        assert undone.result().status_code == 200
    connection.rollback()
    assert connection.execute(select(not_credible_conversions.c.event_id)).all() == []


def test_a_rebuild_tells_nothing_again(admin: Api, mailing: Context, connection: Connection) -> None:
    create_rule(admin, "conversion.not_credible")
    (event_id,) = plant_burst(admin)
    evaluate(mailing)
    kept = connection.execute(text("SELECT * FROM referrals")).mappings().all()
    connection.execute(
        insert(batches).values(kind="rebuild_facts", status="running", steps=[], created_at=datetime.now(UTC))
    )
    connection.execute(text("DELETE FROM referrals"))
    connection.commit()
    evaluate(mailing)
    for row in kept:
        connection.execute(insert(referrals).values(dict(row)))
    connection.execute(text("DELETE FROM batches"))
    connection.commit()
    evaluate(mailing)
    assert list_not_credible(mailing, connection) == [event_id]


def test_what_is_credible_again_before_the_call_is_not_told(
    admin: Api, mailing: Context, connection: Connection
) -> None:
    create_rule(admin, "conversion.not_credible")
    plant_burst(admin)
    evaluate(mailing)
    save_entry(admin, "allow/referrer", "leo")
    assert call(mailing, connection) == []
    assert connection.execute(text("SELECT count(*) FROM webhook_events")).scalar_one() == 0


def test_a_report_that_is_ready_is_told(admin: Api, mailing: Context, connection: Connection) -> None:
    create_rule(admin, "report.ready")
    report_id = make_report(admin, start="2026-03-02", end="2026-03-08")["id"]
    assert call(mailing, connection) == [
        (
            "report.ready",
            {
                "report_id": report_id,
                "report_type": "custom",
                "period_start": "2026-03-02",
                "period_end": "2026-03-08",
                "url": f"https://guardrails.example.com/dashboard/reports/{report_id}",
            },
        )
    ]


def test_a_rule_is_told_only_what_it_chose_and_by_default_alerts(
    admin: Api, mailing: Context, connection: Connection
) -> None:
    assert create_rule(admin, name="By default")["event_types"] == ["alert.opened", "alert.ended"]
    rule = create_rule(admin, "case.decided", "case.decided")
    assert rule["event_types"] == ["case.decided"]
    plant_burst(admin)
    evaluate(mailing)
    assert call(mailing, connection) == []
    kept = {"name": "The app", "severities": ["critical"], "channel": "webhook", "target": None}
    assert admin.send("PUT", f"{RULES}/{rule['id']}", json=kept).get_json()["event_types"] == ["case.decided"]
    (case,) = admin.read("/v1/cases")["cases"]
    admin.send("POST", f"/v1/cases/{case['id']}/verdict", json=FRAUD)
    changed = admin.send("PUT", f"{RULES}/{rule['id']}", json={**kept, "event_types": ["case.opened"]})
    assert (changed.get_json()["event_types"], changed.get_json()["waiting"]) == (["case.opened"], 0)
    assert call(mailing, connection) == []


def test_a_message_that_waited_goes_to_the_new_target(admin: Api, mailing: Context, connection: Connection) -> None:
    rule = create_rule(admin, "case.opened")
    plant_burst(admin)
    evaluate(mailing)
    assert admin.read(f"{RULES}/{rule['id']}")["waiting"] == 1
    call(mailing, connection)
    shown = admin.read(f"{RULES}/{rule['id']}")
    assert (shown["waiting"], shown["last_message"]["news"], shown["last_message"]["is_test"]) == (0, 1, False)
    other = "https://hooks.example.com/other"
    body = {"name": "The app", "severities": ["critical"], "channel": "webhook", "target": other}
    admin.send("PUT", f"{RULES}/{rule['id']}", json=body)
    call(mailing, connection)
    found = connection.execute(text("SELECT recipient, status FROM deliveries ORDER BY id")).all()
    assert found == [(HOOK, "cancelled"), (other, "pending")]
    (delivery_id,) = connection.execute(text("SELECT id FROM deliveries WHERE status = 'pending'")).scalars()
    claimed = admin.send("POST", f"/internal/deliveries/{delivery_id}/claim").get_json()
    assert (claimed["event"]["type"], claimed["signing_secret"]) == ("case.opened", rule["secret"])


def test_an_event_of_a_rule_that_is_switched_off_is_dropped(
    admin: Api, mailing: Context, connection: Connection
) -> None:
    rule = create_rule(admin, "case.opened")
    plant_burst(admin)
    evaluate(mailing)
    body = {"name": "The app", "severities": ["critical"], "channel": "webhook", "target": None, "enabled": False}
    admin.send("PUT", f"{RULES}/{rule['id']}", json=body)
    assert call(mailing, connection) == []


def test_an_erased_conversion_is_forgotten_by_calls_and_no_longer_told(
    admin: Api, mailing: Context, connection: Connection
) -> None:
    create_rule(admin, "conversion.not_credible")
    (event_id,) = plant_burst(admin)
    evaluate(mailing)
    assert len(call(mailing, connection)) == 1
    erase(admin, connection, "device", DEVICE)
    assert connection.execute(text("SELECT status, content FROM deliveries")).all() == [("cancelled", None)]
    assert call(mailing, connection) == []
    assert event_id not in str(dump(connection))


@pytest.mark.parametrize("channel", ["email", "slack"])
def test_people_are_told_about_alerts_only(admin: Api, channel: str) -> None:
    target = "ana@example.com" if channel == "email" else HOOK
    rule = {"name": "Ana", "severities": ["high"], "channel": channel, "target": target, "event_types": ["case.opened"]}
    problem = admin.refuse(422, "POST", RULES, json=rule)
    assert problem["errors"][0]["pointer"] == "/event_types"
    assert "use the channel webhook" in problem["detail"]
