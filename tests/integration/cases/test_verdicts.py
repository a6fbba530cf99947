"""Verdicts on cases: what they change, that undoing them changes it back, and that nobody's is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.context import Context
from tests.support.api_fixtures import Api
from tests.support.builders import build_event, build_link
from tests.support.case_builders import (
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
from viral_contract.models.people import Scope


@pytest.fixture
def planted(api: Api, context: Context) -> list[dict[str, Any]]:
    """A case about a network and one about a device, besides growth that nothing flags."""
    plant_invites(api)
    plant_network(api)
    plant_burst(api)
    evaluate(context)
    cases: list[dict[str, Any]] = api.read("/v1/cases")["cases"]
    return cases


def decide(api: Api, case: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    """The case after a verdict that must succeed."""
    response = api.send("POST", f"/v1/cases/{case['id']}/verdict", json=verdict)
    assert response.status_code == 200, response.get_data(as_text=True)
    decided: dict[str, Any] = response.get_json()
    return decided


def plant_rotation(api: Api) -> None:
    """Another rule finds the network, too."""
    clicks = [
        build_event(at=YESTERDAY - timedelta(days=1), ip_address=NETWORK, device_fingerprint=f"new-{number}")
        for number in range(40)
    ]
    api.post_events(*clicks)


def undo(api: Api, case: dict[str, Any]) -> dict[str, Any]:
    """The case after an undo that must succeed."""
    response = api.send("POST", f"/v1/cases/{case['id']}/undo")
    assert response.status_code == 200, response.get_data(as_text=True)
    undone: dict[str, Any] = response.get_json()
    return undone


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("verdict", [FRAUD, LEGITIMATE, {"verdict": "unsure", "reason": "Too early"}])
@pytest.mark.parametrize("evaluates", [True, False])
def test_a_verdict_and_its_undo_leave_every_figure_as_it_was(
    api: Api, context: Context, verdict: dict[str, Any], evaluates: bool
) -> None:
    plant_self_referral(api)
    evaluate(context)
    cases = api.read("/v1/cases")["cases"]
    assert sorted(case["kind"] for case in cases) == ["device", "network", "referrer"]
    before = read_figures(api)
    for case in cases:
        decide(api, case, verdict)
    if evaluates:
        evaluate(context)
    changed = read_figures(api)
    assert changed != before
    for case in cases:
        undo(api, case)
    if evaluates:
        evaluate(context)
    assert read_figures(api) == before


def test_legitimate_takes_out_of_flags_and_into_clean_k(api: Api, planted: list[dict[str, Any]]) -> None:
    network, device = planted
    before = read_figures(api)
    assert (before["k"]["removed_conversions"], before["networks"], before["devices"]) == (3, 1, 1)
    decided = decide(api, network, LEGITIMATE)
    assert (decided["status"], decided["verdict"]) == ("decided", "legitimate")
    figures = read_figures(api)
    assert (figures["k"]["removed_conversions"], figures["networks"], figures["devices"]) == (1, 0, 1)
    decide(api, device, LEGITIMATE)
    figures = read_figures(api)
    assert (figures["k"]["removed_conversions"], figures["networks"], figures["devices"]) == (0, 0, 0)
    assert figures["k"]["k_factor_clean"] == figures["k"]["k_factor"]
    assert figures["health"]["flagged_share"] == {"clicks": 0, "conversions": 0}
    assert figures["health"]["health_score"] > before["health"]["health_score"]


def test_after_fraud_new_conversions_do_not_count_either(api: Api, planted: list[dict[str, Any]]) -> None:
    network, _ = planted
    decide(api, network, FRAUD)
    assert read_figures(api)["k"]["removed_conversions"] == 3
    api.post_events(
        build_event("conversion", at=datetime.now(UTC), ip_address=NETWORK, referrer_id="maria", user_id="later"),
        build_event("conversion", at=YESTERDAY - timedelta(days=1), ip_address=NETWORK, referrer_id="maria"),
    )
    assert read_figures(api)["k"]["removed_conversions"] == 4


def test_a_quiet_rule_stays_quiet_until_its_end_and_comes_back(
    api: Api, context: Context, planted: list[dict[str, Any]]
) -> None:
    network, _ = planted
    until = datetime.now(UTC) + timedelta(hours=2)
    decide(api, network, {**LEGITIMATE, "until": until.isoformat()})
    evaluate(context, now=until - timedelta(seconds=1))
    assert [case["kind"] for case in api.read("/v1/cases")["cases"]] == ["device"]
    evaluate(context, now=until)
    again = next(case for case in api.read("/v1/cases")["cases"] if case["kind"] == "network")
    assert (again["id"] != network["id"], again["rules"]) == (True, ["over_limit"])
    assert read_figures(api)["k"]["removed_conversions"] == 3


def test_a_rule_that_was_not_judged_opens_another_case(
    api: Api, context: Context, planted: list[dict[str, Any]]
) -> None:
    network, _ = planted
    decide(api, network, LEGITIMATE)
    plant_rotation(api)
    evaluate(context)
    new = next(case for case in api.read("/v1/cases")["cases"] if case["kind"] == "network")
    assert (new["entity"], new["rules"]) == (NETWORK, ["rotating"])
    assert read_figures(api)["networks"] == 1
    decided = api.read(f"/v1/cases/{network['id']}")
    assert (decided["rules"], decided["verdict"]) == (["over_limit"], "legitimate")
    # Undone, the case takes its place again, and holds both rules.
    undo(api, network)
    entries = api.read(f"/v1/cases/{new['id']}/timeline")["entries"]
    assert entries[0]["text"] == "Closed: an older case took its place"
    (audited,) = api.read("/v1/audit-entries", subject=f"case:{new['id']}")["entries"]
    assert (audited["action"], audited["before"]["status"], audited["after"]["status"]) == (
        "close_case",
        "open",
        "closed",
    )
    evaluate(context)
    (only,) = [case for case in api.read("/v1/cases")["cases"] if case["kind"] == "network"]
    assert (only["id"], only["rules"]) == (network["id"], ["over_limit", "rotating"])


def test_a_verdict_that_reopens_nothing_leaves_the_other_case_open(
    api: Api, context: Context, planted: list[dict[str, Any]]
) -> None:
    network, _ = planted
    decide(api, network, LEGITIMATE)
    plant_rotation(api)
    evaluate(context)
    before = read_figures(api)
    assert [case["rules"] for case in api.read("/v1/cases", kind="network")["cases"]] == [["rotating"]]
    decide(api, network, {**FRAUD, "change": True})
    assert [case["rules"] for case in api.read("/v1/cases", kind="network")["cases"]] == [["rotating"]]
    undo(api, network)
    assert read_figures(api) == before


def test_an_undo_gives_its_place_back_to_the_case_that_the_verdict_closed(
    api: Api, context: Context, planted: list[dict[str, Any]]
) -> None:
    network, _ = planted
    decide(api, network, LEGITIMATE)
    plant_rotation(api)
    evaluate(context)
    before = read_figures(api)
    (other,) = api.read("/v1/cases", kind="network")["cases"]
    decide(api, network, {"verdict": "unsure", "reason": "Somebody objects", "change": True})
    assert [case["id"] for case in api.read("/v1/cases", kind="network")["cases"]] == [network["id"]]
    undo(api, network)
    assert read_figures(api) == before
    entries = api.read(f"/v1/cases/{other['id']}/timeline")["entries"]
    assert entries[0]["text"] == "Open again: the verdict that closed it was undone"
    audited = api.read("/v1/audit-entries", subject=f"case:{other['id']}")["entries"]
    assert [entry["action"] for entry in audited] == ["reopen_case", "close_case"]


def test_an_undo_is_of_the_verdict_that_it_names(api: Api, planted: list[dict[str, Any]]) -> None:
    first = decide(api, planted[0], FRAUD)
    second = decide(api, planted[0], {**LEGITIMATE, "change": True})
    path = f"/v1/cases/{planted[0]['id']}/undo"
    before, problem = read_figures(api), api.refuse(409, "POST", f"{path}?verdict_id={first['decision']['id']}")
    assert (problem["code"], "legitimate, by " in problem["detail"]) == ("case_decided", True)
    assert read_figures(api) == before
    named = f"{path}?verdict_id={second['decision']['id']}"
    assert api.send("POST", named).get_json() == first
    assert api.refuse(409, "POST", named)["code"] == "case_decided"
    api.refuse(422, "POST", f"{path}?verdict_id={2**63}")


def test_of_8_people_exactly_one_decides_each_case(
    api: Api, context: Context, connection: Connection, holder_of: Callable[..., Api]
) -> None:
    for number in range(6):
        plant_network(api, f"203.0.113.{number}", conversions=1)
    evaluate(context)
    cases = api.read("/v1/cases")["cases"]
    people = [holder_of(Scope.METRICS_READ, Scope.CASES_WRITE, name=f"person-{number}") for number in range(8)]

    def decide_all(person: Api) -> list[tuple[int, str]]:
        answers = [person.send("POST", f"/v1/cases/{case['id']}/verdict", json=FRAUD) for case in cases]
        return [(answer.status_code, answer.get_json().get("detail", "")) for answer in answers]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(decide_all, people))
    for place, case in enumerate(cases):
        mine = [person[place] for person in answers]
        assert sorted(status for status, _ in mine) == [200] + [409] * 7
        winner = api.read(f"/v1/cases/{case['id']}")["decision"]["decided_by"]
        assert winner == f"person-{next(index for index, (status, _) in enumerate(mine) if status == 200)}"
        assert all(f"fraud, by {winner} at " in detail for status, detail in mine if status == 409)
    assert connection.execute(text("SELECT count(*) FROM case_verdicts")).scalar_one() == len(cases)


def test_a_decided_case_is_changed_on_purpose_only(api: Api, planted: list[dict[str, Any]]) -> None:
    case = decide(api, planted[0], FRAUD)
    problem = api.refuse(409, "POST", f"/v1/cases/{case['id']}/verdict", json=LEGITIMATE)
    assert problem["code"] == "case_decided"
    changed = decide(api, case, {**LEGITIMATE, "change": True})
    assert changed["verdict"] == "legitimate"
    assert undo(api, case) == case
    assert undo(api, case) == planted[0]
    assert api.refuse(409, "POST", f"/v1/cases/{case['id']}/undo")["code"] == "case_decided"


def test_many_are_decided_at_once_or_none(api: Api, planted: list[dict[str, Any]]) -> None:
    ids, before = [case["id"] for case in planted], read_figures(api)
    assert api.refuse(404, "POST", "/v1/cases/verdicts", json={"ids": [*ids, 999], **FRAUD})
    assert read_figures(api) == before
    decided = api.send("POST", "/v1/cases/verdicts", json={"ids": ids, **LEGITIMATE}).get_json()
    assert [case["verdict"] for case in decided["cases"]] == ["legitimate", "legitimate"]
    problem = api.refuse(409, "POST", "/v1/cases/verdicts", json={"ids": ids, **FRAUD})
    assert len(problem["errors"]) == 2
    undone = api.send("POST", f"/v1/cases/verdicts/{decided['undo_id']}/undo")
    assert [case["verdict"] for case in undone.get_json()["cases"]] == [None, None]
    assert read_figures(api) == before
    api.refuse(404, "POST", f"/v1/cases/verdicts/{decided['undo_id']}/undo")
    for given in (list(range(1, 102)), [], [0], [2**63]):
        api.refuse(422, "POST", "/v1/cases/verdicts", json={"ids": given, **FRAUD})


def test_a_case_that_somebody_is_unsure_about_is_decided_without_change(
    api: Api, planted: list[dict[str, Any]]
) -> None:
    unsure = decide(api, planted[0], {"verdict": "unsure", "reason": "Too early"})
    ids = [case["id"] for case in planted]
    answer = api.send("POST", "/v1/cases/verdicts", json={"ids": ids, **FRAUD})
    assert (answer.status_code, unsure["status"]) == (200, "open")


def test_verdicts_at_once_are_undone_at_once_or_not_at_all(api: Api, planted: list[dict[str, Any]]) -> None:
    ids = [case["id"] for case in planted]
    undo_id = api.send("POST", "/v1/cases/verdicts", json={"ids": ids, **FRAUD}).get_json()["undo_id"]
    decide(api, planted[0], {**LEGITIMATE, "change": True})
    before = read_figures(api)
    api.refuse(409, "POST", f"/v1/cases/verdicts/{undo_id}/undo")
    assert read_figures(api) == before


def test_verdicts_are_audited(api: Api, planted: list[dict[str, Any]], holder_of: Callable[..., Api]) -> None:
    ana = holder_of(Scope.METRICS_READ, Scope.CASES_WRITE, name="ana@example.com")
    decide(ana, planted[0], {**FRAUD, "note": "Same phone"})
    undo(ana, planted[0])
    entries = api.read("/v1/audit-entries", subject=f"case:{planted[0]['id']}")["entries"]
    assert [(entry["action"], entry["actor"]) for entry in entries] == [
        ("undo_verdict", "ana@example.com"),
        ("decide_case", "ana@example.com"),
    ]
    assert (entries[1]["before"]["verdict"], entries[1]["after"]["verdict"]) == (None, "fraud")
    assert entries[1]["after"]["note"] == "Same phone"


@pytest.mark.parametrize("scope", [Scope.ALERTS_WRITE, Scope.CASES_WRITE])
def test_tokens_of_either_scope_decide(
    planted: list[dict[str, Any]], holder_of: Callable[..., Api], scope: Scope
) -> None:
    holder = holder_of(scope)
    decide(holder, planted[0], FRAUD)
    undo(holder, planted[0])
    ids = {"ids": [case["id"] for case in planted]}
    undo_id = holder.send("POST", "/v1/cases/verdicts", json={**ids, **FRAUD}).get_json()["undo_id"]
    assert holder.send("POST", f"/v1/cases/verdicts/{undo_id}/undo").status_code == 200


def test_viewers_read_and_do_not_decide(planted: list[dict[str, Any]], holder_of: Callable[..., Api]) -> None:
    viewer = holder_of(Scope.METRICS_READ, Scope.REPORTS_WRITE)
    assert len(viewer.read("/v1/cases")["cases"]) == 2
    for path in (f"{planted[0]['id']}/verdict", f"{planted[0]['id']}/undo", "verdicts", "verdicts/1/undo"):
        viewer.refuse(403, "POST", f"/v1/cases/{path}", json={})


def test_what_only_looks_counts_until_it_is_judged_fraud(api: Api, context: Context) -> None:
    plant_invites(api)
    api.send("PUT", "/v1/lists/watch/referrer/zoe", json={"reason": "A hunch"})
    evaluate(context)
    (case,) = api.read("/v1/cases")["cases"]
    assert (case["strength"], case["stake"]["conversions"]) == ("looks", 1)
    assert read_figures(api)["k"]["removed_conversions"] == 0
    decide(api, case, FRAUD)
    assert read_figures(api)["k"]["removed_conversions"] == 1
    undo(api, case)
    assert read_figures(api)["k"]["removed_conversions"] == 0


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize(
    ("looser", "removed"), [({"fraud_ip_click_threshold": 50}, 1), ({"bot_rapid_click_threshold": 10}, 2)]
)
def test_an_override_of_a_request_reaches_every_clean_figure(api: Api, looser: dict[str, int], removed: int) -> None:
    link = build_link("link-tom", referrer_id="tom", inserted_at=YESTERDAY.isoformat())
    api.send("POST", "/v1/links", json={"items": [link]})
    assert read_clean(api) == {"k-factor": 3, "timeline": 3, "health": 3}
    assert read_clean(api, **looser) == {"k-factor": removed, "timeline": removed, "health": removed}


def test_under_other_thresholds_a_verdict_of_fraud_stays(api: Api, planted: list[dict[str, Any]]) -> None:
    decide(api, planted[0], FRAUD)
    assert read_clean(api, fraud_ip_click_threshold=50)["k-factor"] == 3


@pytest.mark.usefixtures("planted")
def test_a_score_by_other_points_is_of_the_same_conversions(api: Api) -> None:
    assert read_clean(api, health_score_fraud_max=1) == read_clean(api)


def read_clean(api: Api, **overrides: int) -> dict[str, int]:
    """How many conversions are left out of clean figures, as each read has it."""
    growth = api.read("/v1/growth/k-factor", days=7, **overrides)
    points = api.read("/v1/growth/timeline", days=7, **overrides)["points"]
    share = api.read("/v1/guardrails/health", days=7, **overrides)["flagged_share"]["conversions"]
    left_out = sum((point["k_factor"] - point["k_factor_clean"]) * point["active_users"] for point in points)
    return {
        "k-factor": growth["removed_conversions"],
        "timeline": round(left_out),
        "health": round(share * growth["total_conversions"]),
    }
