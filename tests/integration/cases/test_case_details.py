"""A case's graph and timeline, and what a verdict would change."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

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
    plant_invites,
    plant_network,
    plant_self_referral,
    read_figures,
)
from tests.support.report_runs import make_report
from viral_contract.models.people import Scope


def find_case(api: Api, kind: str) -> dict[str, Any]:
    """The only open case of this kind."""
    (case,) = api.read("/v1/cases", kind=kind)["cases"]
    found: dict[str, Any] = case
    return found


def test_the_timeline_has_days_and_what_happened(api: Api, context: Context, holder_of: Callable[..., Api]) -> None:
    plant_network(api)
    evaluate(context)
    case, ana = find_case(api, "network"), holder_of(Scope.METRICS_READ, Scope.CASES_WRITE, name="ana")
    ana.send("POST", f"/v1/cases/{case['id']}/verdict", json=FRAUD)
    ana.send("POST", f"/v1/cases/{case['id']}/undo")
    timeline = api.read(f"/v1/cases/{case['id']}/timeline")
    assert timeline["days"] == [{"date": str(YESTERDAY.date()), "clicks": 11, "conversions": 2}]
    assert [entry["rules"] for entry in timeline["entries"]] == [[], [], ["over_limit"]]
    assert [(entry["kind"], entry["text"], entry["actor"]) for entry in timeline["entries"]] == [
        ("undo", "Verdict undone: fraud", "ana"),
        ("verdict", "Decided: fraud (Fake accounts for a reward)", "ana"),
        ("opened", "Opened by over limit", None),
    ]


def test_a_referrers_own_devices_and_networks_are_linked_cases(api: Api, context: Context) -> None:
    plant_self_referral(api, "maria")
    plant_network(api)
    plant_burst(api)
    evaluate(context)
    referrer, network = find_case(api, "referrer"), find_case(api, "network")
    [linked] = api.read(f"/v1/cases/{referrer['id']}/linked")["cases"]
    assert (linked["id"], linked["kind"], linked["entity"], linked["shared"]) == (
        network["id"],
        "network",
        network["entity"],
        False,
    )
    assert api.read(f"/v1/cases/{network['id']}/linked")["cases"] == []

    api.post_events(
        *build_clicks(3, at=YESTERDAY, apart=90, ip_address=NETWORK, referrer_id="zoe"),
        build_event("click", at=YESTERDAY, device_fingerprint=DEVICE, referrer_id="maria"),
    )
    linked = api.read(f"/v1/cases/{referrer['id']}/linked")["cases"]
    assert {each["kind"]: each["shared"] for each in linked} == {"network": True, "device": True}


def test_cases_are_found_by_when_they_were_seen(api: Api, context: Context) -> None:
    plant_network(api)
    evaluate(context)
    day, before = YESTERDAY.date(), YESTERDAY.date() - timedelta(days=1)
    assert [len(api.read("/v1/cases", days=days)["cases"]) for days in (1, 2)] == [0, 1]
    assert len(api.read("/v1/cases", start=day, end=day)["cases"]) == 1
    assert api.read("/v1/cases", start=before, end=before)["cases"] == []


def test_the_graph_joins_what_was_seen_in_one_event(api: Api, context: Context, holder_of: Callable[..., Api]) -> None:
    plant_burst(api, conversions=0)
    seen = {"device_fingerprint": DEVICE, "ip_address": NETWORK, "referrer_id": "leo"}
    api.post_events(
        build_event("conversion", at=YESTERDAY, user_id="child-1", **seen),
        build_event("visit", at=YESTERDAY, user_id="leo", device_fingerprint=DEVICE),
    )
    evaluate(context)
    path = f"/v1/cases/{find_case(api, 'device')['id']}/graph"
    graph = api.read(path)
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert {(node["kind"], node["label"], node["suspicious"]) for node in graph["nodes"]} == {
        ("device", DEVICE, True),
        ("referrer", "leo", False),
        ("invitee", "child-1", False),
        ("network", NETWORK, False),
    }
    assert [
        (nodes[edge["source"]]["kind"], nodes[edge["target"]]["kind"], edge["events"], edge["suspicious"])
        for edge in graph["edges"]
    ] == [
        ("device", "network", 1, False),
        ("invitee", "device", 1, False),
        ("referrer", "device", 0, True),
        ("referrer", "invitee", 1, False),
    ]
    masked = holder_of(Scope.METRICS_READ).get(path).get_data(as_text=True)
    assert [name for name in (DEVICE, NETWORK, "child-1") if name in masked] == []


def test_a_graph_has_at_most_50_nodes(api: Api, context: Context) -> None:
    plant_network(api, conversions=80)
    evaluate(context)
    graph = api.read(f"/v1/cases/{find_case(api, 'network')['id']}/graph")
    assert (len(graph["nodes"]), graph["left_out"]) == (50, 33)
    assert graph["nodes"][0]["kind"] == "network"
    assert graph["nodes"][-1]["label"] == "+ 33 more"


def test_a_network_without_conversions_shows_who_clicked(api: Api, context: Context) -> None:
    plant_network(api, conversions=0)
    evaluate(context)
    graph = api.read(f"/v1/cases/{find_case(api, 'network')['id']}/graph")
    assert [(node["kind"], node["label"]) for node in graph["nodes"]] == [("network", NETWORK), ("referrer", "maria")]


def test_a_device_without_conversions_shows_what_it_clicked(api: Api, context: Context) -> None:
    seen = {"device_fingerprint": DEVICE, "ip_address": NETWORK, "referrer_id": "leo", "link_id": "l-1"}
    api.post_events(*build_clicks(5, at=YESTERDAY, apart=0.2, **seen))
    evaluate(context)
    graph = api.read(f"/v1/cases/{find_case(api, 'device')['id']}/graph")
    assert [(node["kind"], node["label"]) for node in graph["nodes"]] == [
        ("device", DEVICE),
        ("referrer", "leo"),
        ("link", "l-1"),
        ("network", NETWORK),
    ]
    assert {edge["events"] for edge in graph["edges"]} == {5}


@pytest.mark.parametrize(
    ("verdict", "credibility", "k_factor_clean"), [(FRAUD, "not_credible", 1 / 3), (LEGITIMATE, "credible", 1)]
)
def test_a_dry_run_says_what_a_verdict_changes_and_stores_nothing(
    api: Api, context: Context, verdict: dict[str, Any], credibility: str, k_factor_clean: float
) -> None:
    plant_invites(api, at=YESTERDAY)
    plant_network(api)
    evaluate(context)
    day = str(YESTERDAY.date())
    report = make_report(api, start=day, end=day)["id"]
    case, before = find_case(api, "network"), read_figures(api)
    path = f"/v1/cases/{case['id']}/verdict"
    response = api.send("POST", path, json=verdict, query_string={"dry_run": "true"})
    assert response.get_json() == {
        "k_factor_clean_now": pytest.approx(1 / 3),
        "k_factor_clean": pytest.approx(k_factor_clean),
        "conversions": 2,
        "credibility": credibility,
        "restated_reports": [report] if credibility == "credible" else [],
    }
    assert read_figures(api) == before
    assert api.read("/v1/audit-entries", subject=f"case:{case['id']}")["entries"] == []
    api.send("POST", path, json=verdict)
    assert read_figures(api)["k"]["k_factor_clean"] == pytest.approx(k_factor_clean)
    api.refuse(409, "POST", path, json=verdict, query_string={"dry_run": "true"})
