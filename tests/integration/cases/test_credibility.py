"""The decision before a reward: what makes a conversion credible, doubtful or not credible."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.context import Context
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks, build_event
from tests.support.case_builders import (
    DEVICE,
    FRAUD,
    LEGITIMATE,
    NETWORK,
    YESTERDAY,
    evaluate,
    plant_burst,
    plant_network,
)
from tests.support.entity_lists import save_entry
from tests.support.plans import watch_statements
from viral_contract.models.people import Scope

UNSURE = {"verdict": "unsure", "reason": "Too early"}
PARTS = {
    "network": ("ip_address", "198.51.100.9"),
    "device": ("device_fingerprint", "tablet-1"),
    "referrer": ("referrer_id", "zoe"),
    "user_agent": ("user_agent", "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile"),
    "link": ("link_id", "link-zoe"),
}


def convert(api: Api, **fields: Any) -> str:
    """The id of a conversion of yesterday, by somebody whom nobody suspects unless the fields say so."""
    given = {"at": YESTERDAY, "user_id": "honest", **dict(PARTS.values())}
    event = build_event("conversion", **{**given, **fields})
    api.post_events(event)
    event_id: str = event["event_id"]
    return event_id


def ask(api: Api, event_id: str) -> tuple[str, list[str]]:
    """The verdict, and the codes of its reasons."""
    answer = api.read(f"/v1/conversions/{event_id}/credibility")
    return answer["verdict"], [reason["code"] for reason in answer["reasons"]]


def decide(api: Api, verdict: Mapping[str, str]) -> None:
    """Decide the only open case."""
    (case,) = api.read("/v1/cases")["cases"]
    assert api.send("POST", f"/v1/cases/{case['id']}/verdict", json=dict(verdict)).status_code == 200


def test_an_honest_conversion_is_credible_without_reasons(api: Api, holder_of: Callable[..., Api]) -> None:
    event_id = convert(api)
    app = holder_of(Scope.METRICS_READ)
    answer = app.read(f"/v1/conversions/{event_id}/credibility")
    assert (answer["verdict"], answer["reasons"]) == ("credible", [])
    assert ask(app, convert(api, referrer_id=None)) == ("credible", ["no_referrer"])


def test_unknown_events_and_other_events_are_refused_with_words(api: Api, holder_of: Callable[..., Api]) -> None:
    click = build_event()
    api.post_events(click)
    path = "/v1/conversions/{}/credibility"
    api.refuse(404, "GET", path.format("00000000-0000-4000-8000-000000000000"))
    api.refuse(404, "GET", path.format("conversion-1"))
    problem = api.refuse(422, "GET", path.format(click["event_id"]))
    assert (problem["code"], "is a click" in problem["detail"]) == ("not_a_conversion", True)
    holder_of(Scope.EVENTS_WRITE).refuse(403, "GET", path.format(click["event_id"]))


@pytest.mark.parametrize("kind", PARTS)
def test_lists_decide_first_in_the_order_allow_deny_watch(api: Api, kind: str) -> None:
    event_id, (_, value) = convert(api), PARTS[kind]
    save_entry(api, f"watch/{kind}", value)
    assert ask(api, event_id) == ("doubtful", ["watched"])
    save_entry(api, f"deny/{kind}", value)
    assert ask(api, event_id) == ("not_credible", ["denied"])
    save_entry(api, f"allow/{kind}", value)
    (reason,) = api.read(f"/v1/conversions/{event_id}/credibility")["reasons"]
    shown = {"code": "allowed", "text": f"An admin allowed the {kind.replace('_', ' ')}", "entity": kind}
    assert reason == {**shown, "case_id": None, "rules": []}


def test_what_another_part_is_denied_for_does_not_matter_where_one_is_allowed(api: Api) -> None:
    event_id = convert(api, user_id="zoe")
    assert ask(api, event_id) == ("not_credible", ["self_referral"])
    save_entry(api, "deny/device", "tablet-1")
    save_entry(api, "allow/referrer", "zoe")
    assert ask(api, event_id) == ("credible", ["allowed"])


def test_a_network_over_the_limit_is_doubtful_until_it_has_a_case(api: Api, context: Context) -> None:
    event_id, _ = plant_network(api)
    assert ask(api, event_id) == ("doubtful", ["network_over_limit"])
    evaluate(context)
    assert ask(api, event_id) == ("not_credible", ["open_case", "network_over_limit"])
    new = convert(api, ip_address=NETWORK, at=YESTERDAY - timedelta(days=1))
    assert ask(api, new) == ("doubtful", ["worth_a_look"])
    decide(api, LEGITIMATE)
    assert ask(api, event_id) == ("credible", ["judged_legitimate"])
    assert ask(api, new) == ("credible", ["judged_legitimate"])


def test_a_burst_is_doubtful_until_it_has_a_case_and_then_flags_new_conversions(api: Api, context: Context) -> None:
    (event_id,) = plant_burst(api)
    assert ask(api, event_id) == ("doubtful", ["device_burst"])
    evaluate(context)
    assert ask(api, event_id) == ("not_credible", ["open_case", "device_burst"])
    assert ask(api, convert(api, device_fingerprint=DEVICE)) == ("not_credible", ["open_case", "device_burst"])
    decide(api, UNSURE)
    assert ask(api, event_id)[0] == "not_credible"


def test_a_verdict_of_fraud_is_about_its_conversions_and_later_ones(
    api: Api, context: Context, connection: Connection
) -> None:
    (event_id,) = plant_burst(api)
    evaluate(context)
    decide(api, FRAUD)
    answer = api.read(f"/v1/conversions/{event_id}/credibility")
    (judged, *_) = answer["reasons"]
    assert (answer["verdict"], judged["code"], judged["rules"]) == ("not_credible", "judged_fraud", ["burst"])
    connection.execute(text("DELETE FROM case_conversions"))
    assert "judged_fraud" not in ask(api, event_id)[1]
    connection.execute(text("UPDATE cases SET decided_at = decided_at - interval '3 days'"))
    assert "judged_fraud" in ask(api, event_id)[1]


def test_unusually_many_conversions_are_doubtful(api: Api) -> None:
    ids = [convert(api, user_id=f"user-{number}") for number in range(21)]
    assert ask(api, ids[0]) == ("doubtful", ["unusual_conversions"])
    save_entry(api, "watch/link", "link-zoe")
    assert ask(api, ids[0]) == ("doubtful", ["watched", "unusual_conversions"])


def test_a_case_that_only_looks_makes_conversions_doubtful(api: Api, connection: Connection) -> None:
    event_id = convert(api)
    connection.execute(
        text("""
            INSERT INTO cases (kind, entity, rules, strength, evidence, status, status_at, first_seen, last_seen,
                opened_at)
            VALUES ('referrer', 'zoe', '{too_good}', 'looks', '[]', 'open', now(), now(), now(), now())
        """)
    )
    assert ask(api, event_id) == ("doubtful", ["worth_a_look"])
    decide(api, UNSURE)
    assert ask(api, event_id) == ("doubtful", ["judged_unsure"])
    connection.execute(text("UPDATE cases SET rules = '{duplicate}', strength = 'flags'"))
    assert ask(api, event_id) == ("credible", [])
    connection.execute(text("UPDATE cases SET rules = '{ring,too_good}'"))
    assert ask(api, event_id) == ("not_credible", ["open_case"])


def test_an_open_case_flags_no_conversion_that_its_rules_no_longer_look_at(api: Api, connection: Connection) -> None:
    old, new = convert(api, at=YESTERDAY - timedelta(days=60)), convert(api)
    connection.execute(
        text("""
            INSERT INTO cases (kind, entity, rules, strength, evidence, status, status_at, first_seen, last_seen,
                opened_at)
            VALUES ('referrer', 'zoe', '{ring}', 'flags', '[]', 'open', now(), now(), now(), now())
        """)
    )
    assert ask(api, new) == ("not_credible", ["open_case"])
    assert ask(api, old) == ("doubtful", ["worth_a_look"])


def test_what_is_asked_is_probed_by_index(api: Api, connection: Connection, context: Context) -> None:
    (event_id,) = plant_burst(api)
    plant_network(api)
    api.post_events(*build_clicks(200, at=YESTERDAY, apart=60, referrer_id="ann"))
    save_entry(api, "allow/network", "192.0.2.0/24")
    save_entry(api, "deny/network", "198.51.100.0/24")
    evaluate(context)
    slow = convert(api)
    with watch_statements(context.database._engine) as statements:
        api.read(f"/v1/conversions/{slow}/credibility")
    assert len(statements.sent) == 4
    # Of a device that clicked fast, what trusted networks clicked is left out.
    with watch_statements(context.database._engine) as statements:
        api.read(f"/v1/conversions/{event_id}/credibility")
    connection.execute(text("SET enable_seqscan = off"))
    tables = ("attribution_events", "clicks_per_", "bursts_per_", "activity_per_", "case", "referrals", "entity_lists")
    plans = "\n".join(statements.explain(connection))
    assert [line for line in plans.splitlines() if "Seq Scan" in line and any(name in line for name in tables)] == []
    assert len(statements.sent) == 5
