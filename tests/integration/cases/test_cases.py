"""Cases: what opens, changes and closes them, and how they are listed."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection, Engine, text

from metrics_api.alerts.evaluate import build_recent_query, evaluate_guardrails, evaluate_referrers
from metrics_api.alerts.lifecycle import await_turn
from metrics_api.cases import refresh
from metrics_api.cases.refresh import CASE_KINDS
from metrics_api.context import Context
from metrics_api.db.paging import Page
from tests.support.api_fixtures import Api
from tests.support.batches import REBUILD
from tests.support.builders import build_event
from tests.support.case_builders import (
    DEVICE,
    FRAUD,
    NETWORK,
    YESTERDAY,
    evaluate,
    plant_burst,
    plant_network,
    plant_self_referral,
)
from tests.support.entity_lists import save_entry
from tests.support.privacy_requests import erase
from tests.support.waiting import count_waiting, wait_until
from viral_contract.models.people import Scope


def list_cases(api: Api, **query: Any) -> list[dict[str, Any]]:
    """The listed cases."""
    cases: list[dict[str, Any]] = api.read("/v1/cases", **query)["cases"]
    return cases


def test_a_case_says_what_is_at_stake_and_why(api: Api, context: Context) -> None:
    plant_network(api)
    plant_burst(api)
    evaluate(context)
    answer = api.read("/v1/cases")
    assert (answer["total"], answer["counts"]) == (2, {"open": 2, "decided": 0, "closed": 0})
    assert (answer["stake"], answer["flagged_conversions"]) == ({"clicks": 16, "conversions": 3}, 3)
    network, device = answer["cases"]
    assert (network["kind"], network["entity"], network["rules"]) == ("network", NETWORK, ["over_limit"])
    assert (network["stake"], network["strength"]) == ({"clicks": 11, "conversions": 2}, "flags")
    (rule,) = network["evidence"]
    assert (rule["statistic"], rule["expected"], rule["n"]) == (11, 10, 11)
    assert rule["evidence"]["peak_day"] == str(YESTERDAY.date())
    assert (device["entity"], device["rules"], device["stake"]["conversions"]) == (DEVICE, ["burst"], 1)
    assert api.read(f"/v1/cases/{device['id']}") == device
    api.refuse(404, "GET", "/v1/cases/999")


def test_a_referrer_has_one_case_with_all_its_rules(api: Api, context: Context, holder_of: Callable[..., Api]) -> None:
    plant_self_referral(api)
    evaluate(context)
    (case,) = list_cases(api, kind="referrer")
    assert (case["entity"], case["rules"], case["source"]) == ("sam", ["self_referral"], "study_session")
    assert (case["stake"], case["ref"]) == ({"clicks": 4, "conversions": 2}, None)
    again = build_event("conversion", at=YESTERDAY, referrer_id="sam", user_id="child")
    api.post_events(again, {**again, "event_id": build_event()["event_id"]})
    evaluate(context)
    (grown,) = list_cases(api, kind="referrer")
    assert (grown["id"], grown["rules"]) == (case["id"], ["duplicate", "self_referral"])
    assert grown["stake"]["conversions"] == 4
    masked = holder_of(Scope.METRICS_READ).read("/v1/cases", kind="referrer")
    assert "child" not in str(masked)


@pytest.mark.parametrize(
    ("kind", "value", "entity"),
    [
        ("network", "203.0.113.0%2F24", "203.0.113.0/24"),
        ("network", "203.0.113.9", "203.0.113.9"),
        ("device", "device-1", "device-1"),
        ("referrer", "maria", "maria"),
        ("link", "link-1", "link-1"),
    ],
)
@pytest.mark.parametrize(("name", "rule", "strength"), [("deny", "denied", "flags"), ("watch", "watched", "looks")])
def test_what_is_denied_or_watched_has_a_case_once_it_is_seen(
    api: Api, context: Context, kind: str, value: str, entity: str, name: str, rule: str, strength: str
) -> None:
    api.send("PUT", f"/v1/lists/{name}/{kind}/{value}", json={"reason": "A hunch"})
    evaluate(context)
    assert list_cases(api) == []
    seen = {"ip_address": "203.0.113.9", "device_fingerprint": "device-1", "referrer_id": "maria", "link_id": "link-1"}
    api.post_events(build_event(at=YESTERDAY, **seen), build_event("conversion", at=YESTERDAY, **seen))
    evaluate(context)
    (case,) = list_cases(api)
    assert (case["kind"], case["entity"], case["rules"], case["strength"]) == (kind, entity, [rule], strength)
    assert case["stake"] == {"clicks": 1, "conversions": 1}
    assert case["evidence"][0]["evidence"] == {}
    api.send("DELETE", f"/v1/lists/{name}/{kind}/{value}")
    evaluate(context)
    assert list_cases(api) == []


def test_an_evaluation_that_finds_the_same_writes_nothing(api: Api, context: Context, connection: Connection) -> None:
    plant_network(api)
    plant_burst(api)
    plant_self_referral(api)
    evaluate(context)
    stored = text(
        "SELECT 'cases', id, xmin::text FROM cases UNION ALL SELECT 'c', case_id, xmin::text FROM"
        " case_conversions UNION ALL SELECT 'h', id, xmin::text FROM case_changes ORDER BY 1, 2, 3"
    )
    before = connection.execute(stored).all()
    evaluate(context)
    assert connection.execute(stored).all() == before


def test_each_conversion_is_at_stake_once(api: Api, context: Context) -> None:
    plant_network(api, conversions=0)
    both = build_event("conversion", at=YESTERDAY, ip_address=NETWORK, device_fingerprint=DEVICE, referrer_id="maria")
    plant_burst(api, conversions=0)
    api.post_events(both)
    evaluate(context)
    answer = api.read("/v1/cases")
    assert [case["stake"]["conversions"] for case in answer["cases"]] == [1, 1]
    assert (answer["stake"]["conversions"], answer["flagged_conversions"]) == (1, 1)


def test_a_rebuild_closes_nothing_and_takes_nothing_back(api: Api, context: Context) -> None:
    own = {"device_fingerprint": "tablet", "referrer_id": "sam"}
    api.post_events(
        build_event(at=YESTERDAY - timedelta(days=1), user_id="sam", device_fingerprint="tablet"),
        build_event("conversion", at=YESTERDAY, user_id="alter-ego", **own),
    )
    evaluate(context)
    (opened,) = list_cases(api)
    assert (opened["rules"], opened["stake"]["conversions"]) == (["self_referral"], 1)
    batch = api.send("POST", "/v1/batches", json=REBUILD).get_json()
    # Who used which device is unknown now; what is found about sam is another rule.
    again = build_event("conversion", at=YESTERDAY, user_id="child", referrer_id="sam")
    api.post_events(again, {**again, "event_id": build_event()["event_id"]})
    evaluate(context)
    (kept,) = list_cases(api)
    assert (kept["id"], kept["rules"]) == (opened["id"], ["duplicate", "self_referral"])
    assert kept["stake"]["conversions"] == 2
    while api.send("POST", f"/internal/batches/{batch['id']}/step").get_json()["status"] != "done":
        pass
    evaluate(context)
    assert [case["rules"] for case in list_cases(api)] == [["duplicate", "self_referral"]]
    api.send("PUT", "/v1/lists/allow/referrer/sam", json={"reason": "A mistake"})
    evaluate(context)
    assert [case["id"] for case in list_cases(api)] == [opened["id"]]
    evaluate(context, now=datetime.now(UTC) + timedelta(minutes=6))
    assert list_cases(api) == []


def test_a_case_closes_when_nothing_is_left_and_reopens(api: Api, context: Context) -> None:
    plant_network(api)
    evaluate(context)
    (opened,) = list_cases(api)
    api.send("PUT", f"/v1/trusted-networks/{NETWORK}", json={"reason": "a school"})
    evaluate(context)
    assert list_cases(api) == []
    (closed,) = list_cases(api, status="closed")
    assert (closed["id"], closed["stake"]["conversions"]) == (opened["id"], 0)
    assert api.refuse(409, "POST", f"/v1/cases/{closed['id']}/verdict", json=FRAUD)["code"] == "case_decided"
    api.send("DELETE", f"/v1/trusted-networks/{NETWORK}")
    evaluate(context)
    assert list_cases(api) == [opened]


def test_what_left_the_window_stays_at_stake(api: Api, context: Context) -> None:
    plant_network(api)
    evaluate(context)
    evaluate(context, now=YESTERDAY + timedelta(days=56))
    (closed,) = list_cases(api, status="closed")
    assert closed["stake"]["conversions"] == 2


@pytest.mark.parametrize("evaluations", [8])
def test_concurrent_evaluations_open_one_case_of_an_entity(api: Api, context: Context, evaluations: int) -> None:
    plant_network(api)
    plant_burst(api)
    with ThreadPoolExecutor(evaluations) as pool:
        list(pool.map(lambda _: evaluate(context), range(evaluations)))
    assert sorted(case["entity"] for case in list_cases(api)) == [NETWORK, DEVICE]
    assert api.read("/v1/cases")["counts"] == {"open": 2, "decided": 0, "closed": 0}


def test_cases_are_found_and_paged(api: Api, context: Context) -> None:
    for number in range(3):
        plant_network(api, f"203.0.113.{number}", conversions=number)
    plant_burst(api)
    evaluate(context)
    assert [case["entity"] for case in list_cases(api, kind="network")] == ["203.0.113.2", "203.0.113.1", "203.0.113.0"]
    assert [case["kind"] for case in list_cases(api, rule="burst")] == ["device"]
    assert list_cases(api, strength="looks") == []
    assert list_cases(api, source="nowhere") == []
    assert [case["entity"] for case in list_cases(api, q="BURST")] == [DEVICE]
    (device,) = list_cases(api, q="burst")
    assert device in list_cases(api, q=str(device["id"]))
    assert list_cases(api, q="%") == []
    for order in ("stake", "newest"):
        whole, paged, cursor = list_cases(api, order=order), [], {}
        while cursor is not None:
            page = api.read("/v1/cases", order=order, limit=1, **cursor)
            paged += page["cases"]
            cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
        assert paged == whole
    api.refuse(422, "GET", "/v1/cases", query_string={"cursor": "wrong"})


def test_who_sees_masks_finds_by_ref_only(api: Api, context: Context, holder_of: Callable[..., Api]) -> None:
    plant_network(api)
    plant_burst(api)
    evaluate(context)
    viewer = holder_of(Scope.METRICS_READ)
    network, device = list_cases(viewer)
    assert (network["entity"], device["entity"]) == ("203.0.113.*", "device…")
    assert (list_cases(viewer, q=NETWORK), list_cases(viewer, q="203.0")) == ([], [])
    assert list_cases(viewer, q=network["ref"]) == [network]
    assert list_cases(api, q=network["ref"])[0]["entity"] == NETWORK


def test_those_with_most_at_stake_are_opened_first(api: Api, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "OPENED_AT_ONCE", 2)
    for number in range(3):
        plant_network(api, f"203.0.113.{number}", conversions=number)
    evaluate(context)
    assert [case["entity"] for case in list_cases(api)] == ["203.0.113.2", "203.0.113.1"]
    evaluate(context)
    assert [case["entity"] for case in list_cases(api)] == ["203.0.113.2", "203.0.113.1", "203.0.113.0"]


def test_score_and_alerts_do_not_depend_on_cases(api: Api, context: Context, connection: Connection) -> None:
    plant_network(api)
    failed = ("viral_engine_case_refreshes_total", {"outcome": "failed"})
    before = REGISTRY.get_sample_value(*failed)
    connection.execute(text("ALTER TABLE case_changes RENAME TO renamed"))
    connection.commit()
    try:
        evaluation = evaluate_guardrails(context, now=datetime.now(UTC))
    finally:
        connection.execute(text("ALTER TABLE renamed RENAME TO case_changes"))
        connection.commit()
    assert (REGISTRY.get_sample_value(*failed), list_cases(api)) == ((before or 0) + 1, [])
    assert evaluation.health_score < 100
    assert len(api.read("/v1/guardrails/history")["points"]) == 1
    assert [alert["id"] for alert in api.read("/v1/alerts")["alerts"]] == evaluation.opened_alerts != []
    evaluate(context)
    assert [case["entity"] for case in list_cases(api)] == [NETWORK]
    assert REGISTRY.get_sample_value("viral_engine_open_cases") == 1


def test_what_was_found_before_an_erasure_opens_no_case(api: Api, context: Context, connection: Connection) -> None:
    plant_self_referral(api)
    query = build_recent_query(context, Page(1), now=datetime.now(UTC))
    with context.database.read() as reading:
        found = refresh.find_all(reading, query)
    assert [finding.entity for finding in found.findings] == ["sam"]
    erase(api, connection, "user", "sam")
    with context.database.write() as writing:
        refresh.save_cases(writing, query, found, CASE_KINDS)
    assert list_cases(api) == []


def test_conversions_of_listed_networks_are_found_by_the_widths_of_networks(api: Api, context: Context) -> None:
    listed = ["203.0.113.0/24", "203.0.113.7", "198.51.100.0/22", "2001:db8:1::/48", "2001:db8:1:2::/64"]
    seen = ["203.0.113.7", "203.0.113.8", "198.51.101.9", "2001:db8:1:2::3", "2001:db8:1:4::5", "192.0.2.1"]
    for number, network in enumerate(listed):
        save_entry(api, f"{'watch' if number % 2 else 'deny'}/network", network)
    for address in seen:
        api.post_events(
            build_event(at=YESTERDAY, ip_address=address),
            build_event("conversion", at=YESTERDAY, ip_address=address, referrer_id="maria", user_id=address),
        )
    evaluate(context)
    found = {case["entity"]: case["stake"]["conversions"] for case in list_cases(api, kind="network")}
    assert found == {
        "203.0.113.0/24": 2,
        "203.0.113.7": 1,
        "198.51.100.0/22": 1,
        "2001:db8:1::/48": 2,
        "2001:db8:1:2::/64": 1,
    }


def test_cases_of_referrers_are_refreshed_apart(api: Api, context: Context) -> None:
    plant_network(api)
    plant_self_referral(api)
    others = [kind for kind in CASE_KINDS if kind != "referrer"]
    evaluate_guardrails(context, now=datetime.now(UTC), kinds=others)
    assert [case["kind"] for case in list_cases(api)] == ["network"]
    evaluate_referrers(context, now=datetime.now(UTC))
    cases = list_cases(api)
    assert sorted(case["kind"] for case in cases) == ["network", "referrer"]
    evaluate_guardrails(context, now=datetime.now(UTC), kinds=others)
    assert list_cases(api) == cases
    assert api.read("/v1/cases")["stake"]["conversions"] == 4


def test_an_evaluation_that_began_earlier_undoes_no_case(
    api: Api, context: Context, connection: Connection, engine: Engine
) -> None:
    def start(pool: ThreadPoolExecutor, evaluation: Callable[..., object], waits: int) -> Future[object]:
        started = pool.submit(evaluation, context, now=datetime.now(UTC))
        wait_until(lambda: count_waiting(connection) == waits, "the evaluation waits")
        return started

    with ThreadPoolExecutor() as pool:
        with engine.begin() as busy:
            await_turn(busy)
            whole = start(pool, evaluate_guardrails, 1)
            referrers = start(pool, evaluate_referrers, 2)
            plant_self_referral(api)
        whole.result()
        referrers.result()
    assert [case["kind"] for case in list_cases(api)] == ["referrer"]
