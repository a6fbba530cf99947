"""Trusting a network that looks like a school from the guardrails page."""

import json
from typing import Any

import httpx

from dashboard.guardrails.trust import Outcome, build_message, stop_trusting, trust_proposed
from tests.support.answers import build_components, build_fraud, build_health
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find
from viral_contract.models.trusted_networks import TrustedNetwork

CIDR = "192.0.2.77/32"
ENDS = "2026-06-19T00:00:00Z"
TRUSTED = ("PUT", f"/v1/trusted-networks/{CIDR}")


def propose(api: FakeApi, ip_address: str = "192.0.2.77") -> None:
    [row] = build_fraud().suspicious_ips
    proposal = {"cidr": CIDR, "reason": "Looks like a school", "expires_at": ENDS}
    shared = {**row.model_dump(), "ip_address": ip_address, "verdict": "shared_network", "proposal": proposal}
    api.health = build_health(components=build_components(fraud=build_fraud(rows=0, shared_networks=[shared])))


def find_saved(api: FakeApi) -> list[Any]:
    return [json.loads(request.content) for request in api.asked if request.method == "PUT"]


def test_one_click_trusts_for_the_proposed_reason_until_the_proposed_end() -> None:
    api = FakeApi()
    propose(api)
    given = {"reason": "School", "expires_at": ENDS, "created_at": ENDS, "created_by": "admin", "active": True}
    api.answers[TRUSTED] = TrustedNetwork.model_validate({"cidr": CIDR, **given})
    outcome = trust_proposed(api.connect(), CIDR, "?days=14")
    assert outcome == Outcome("192.0.2.77 is trusted until 18 Jun. Its clicks no longer count as fraud.", CIDR)
    assert find_saved(api) == [{"reason": "Looks like a school", "expires_at": "2026-06-19T00:00:00+00:00"}]
    [asked] = [dict(request.url.params) for request in api.asked if request.method == "GET"]
    assert asked == {"days": "14"}


def test_what_is_no_longer_proposed_is_not_trusted() -> None:
    api = FakeApi()
    assert trust_proposed(api.connect(), CIDR, "") == Outcome(f"Nothing was changed: {CIDR} is no longer proposed.")
    propose(api, "192.0.2.*")
    assert "no longer proposed" in trust_proposed(api.connect(), CIDR, "").said
    assert find_saved(api) == []


def test_a_refusal_is_said_in_the_words_of_the_api() -> None:
    api = FakeApi()
    propose(api)
    problem = {"status": 403, "title": "Forbidden", "detail": "This needs the scope admin.", "code": "forbidden"}
    api.answers[TRUSTED] = httpx.Response(403, json=problem)
    assert trust_proposed(api.connect(), CIDR, "") == Outcome("This needs the scope admin.")
    api.is_down = True
    assert "not responding" in trust_proposed(api.connect(), CIDR, "").said
    assert "Nothing was changed" in trust_proposed(api.connect(), CIDR, "?days=0").said


def test_trust_is_undone_with_one_click() -> None:
    api = FakeApi()
    api.answers["DELETE", TRUSTED[1]] = httpx.Response(204)
    assert stop_trusting(api.connect(), CIDR) == Outcome("Undone: 192.0.2.77 is not trusted.")
    assert [(request.method, request.url.path) for request in api.asked] == [("DELETE", TRUSTED[1])]
    api.is_down = True
    assert "not responding" in stop_trusting(api.connect(), CIDR).said


def test_only_what_was_trusted_can_be_undone() -> None:
    done = build_message(Outcome("Trusted.", CIDR), "1")
    [button] = find(done, "toast-undo")
    assert button.id == {"page": "guardrails", "action": "untrust", "row": CIDR}
    assert find(build_message(Outcome("Refused."), "2"), "toast-undo") == []


def test_a_redrawn_button_undoes_nothing(browser: Browser, api: FakeApi) -> None:
    browser.resume("admin1")
    button = {"page": "guardrails", "action": "untrust", "row": CIDR}
    dependencies: Any = browser.get("/_dash-dependencies").json
    callback = next(each for each in dependencies if "untrust" in str(each["inputs"]))
    call: dict[str, Any] = {
        "output": callback["output"],
        "outputs": {"id": "guardrails-trusted", "property": callback["output"].partition(".")[2]},
        "inputs": [[{"id": button, "property": "n_clicks", "value": None}]],
        "changedPropIds": [],
    }
    assert browser.call(call).status_code < 300
    assert [request for request in api.asked if request.method == "DELETE"] == []
