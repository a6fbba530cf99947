"""The queue of cases, one case, and what comes of a verdict."""

import json
from typing import Any

import httpx
import pytest

from dashboard.cases.case_page import offer, save_case, show_case
from dashboard.cases.deciding import ask, save, undo
from dashboard.cases.file import fetch_file
from dashboard.cases.graph import draw_graph, format_summary
from dashboard.cases.kept import keep_decided
from dashboard.cases.linked import describe_linked
from dashboard.cases.queue_page import show
from dashboard.cases.rows import build_queue
from dashboard.guardrails.culprits import build_body, format_subtitle
from dashboard.investigations.case import build_case as build_part
from dashboard.investigations.case import find_case
from tests.support.answers import NOW
from tests.unit.dashboard.case_answers import (
    build_case,
    build_cases,
    build_decided_case,
    build_effect,
    build_graph,
)
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.growth_answers import build_k_factor
from tests.unit.dashboard.snapshots import build_snapshot
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.cases import BulkVerdictAnswer, LinkedCase, Stake
from viral_contract.models.investigations import Entity
from viral_contract.models.people import Role

VERDICT = ("POST", "/v1/cases/128/verdict")
UNDO = ("POST", "/v1/cases/128/undo")
CASE = ("GET", "/v1/cases/128")
BULK = ("POST", "/v1/cases/verdicts")
OPENED = {"ids": [128], "verdict": "fraud", "moved": "4 conversions left K clean."}
SHOWN = {"id": 128, "rule": "farm", "change": False, "next": 129}


@pytest.fixture
def listed(api: FakeApi, view_as: Any) -> FakeApi:
    """The queue as an analyst sees it."""
    view_as(Role.ANALYST)
    api.answers["GET", "/v1/growth/k-factor"] = build_k_factor()
    return api


def show_queue(api: FakeApi, search: str = "", shown: Any = None) -> dict[str, Any]:
    return show(api.connect(), search, shown, 30, now=NOW)


def refuse(status: int) -> httpx.Response:
    problem = {"status": status, "title": "No", "detail": "Case 128 is decided.", "code": "case_decided"}
    return httpx.Response(status, json=problem)


def verdicts_in(drawn: Any) -> list[str]:
    return [getattr(each, "data-verdict") for each in walk(drawn) if getattr(each, "data-verdict", None)]


def test_a_row_says_who_why_and_what_is_at_stake_with_the_buttons(listed: FakeApi) -> None:
    shown = show_queue(listed)
    drawn = shown["list"]
    head, row = rows_of(drawn)
    assert head == ["", "Case", "Who or what", "Why", "Conversions ↓", "Clicks", "Seen"]
    assert row[1:3] == ["128", "Referrer usr_b5052d095268 Buddy challenge"]
    assert row[3] == "11 invitees converted from 3 devices Farm Too good (worth a look)"
    assert row[4:6] == ["11 conv.", "41 clicks"]
    assert verdicts_in(drawn) == ["fraud", "legitimate", "unsure"]
    assert text_of(shown["showing"]) == "Showing 1 of 1  open cases"


def test_viewers_see_neither_buttons_nor_boxes(api: FakeApi, view_as: Any) -> None:
    view_as(Role.VIEWER)
    api.answers["GET", "/v1/growth/k-factor"] = build_k_factor()
    drawn = show_queue(api)["list"]
    assert (verdicts_in(drawn), find(drawn, "select-box"), find(drawn, "button")) == ([], [], [])


def test_filters_reach_the_api_and_no_match_names_them(listed: FakeApi) -> None:
    listed.answers["GET", "/v1/cases"] = build_cases([])
    drawn = show_queue(listed, "?q=usr_zz&rule=farm&strength=any&order=newest")
    asked = dict(listed.asked[0].url.params)
    assert asked == {"q": "usr_zz", "rule": "farm", "order": "newest", "limit": "25"}
    assert "No case matches “usr_zz”, rule Farm, open Clear filters" in text_of(drawn["list"])
    assert drawn["export"] == "/dashboard/cases.csv?q=usr_zz&rule=farm&order=newest"


def test_the_file_has_every_case_that_the_filters_leave(listed: FakeApi) -> None:
    name, records = fetch_file(listed.connect(), {"kind": "referrer", "cursor": "x"})
    [record] = records
    assert name == "cases_2026-03-31.csv"
    assert (record["case"], record["rules"], record["conversions"]) == (128, "farm too_good", 11)
    assert dict(listed.asked[0].url.params) == {"kind": "referrer", "limit": "1000"}


def test_an_empty_queue_says_so_and_names_the_other_tabs(listed: FakeApi) -> None:
    listed.answers["GET", "/v1/cases"] = build_cases([])
    assert text_of(show_queue(listed)["list"]) == "No open cases Decided and closed ones are one tab away."


def test_a_decided_case_says_who_when_and_why_with_the_way_back(listed: FakeApi) -> None:
    listed.answers["GET", "/v1/cases"] = build_cases([build_decided_case()])
    drawn = show_queue(listed, "?status=decided")["list"]
    assert text_of(find(drawn, "decided")) == "Fraud by ana@example.com 1 minute ago Fake accounts for a reward Undo"
    assert verdicts_in(drawn) == []


def test_an_unsure_case_stays_open_and_can_be_decided(listed: FakeApi) -> None:
    listed.answers["GET", "/v1/cases"] = build_cases([build_decided_case("unsure", status="open")])
    drawn = show_queue(listed)["list"]
    assert "Unsure by ana@example.com" in text_of(find(drawn, "decided"))
    assert verdicts_in(drawn) == ["fraud", "legitimate", "unsure"]


def test_without_the_api_rows_stay_and_where_there_are_none_it_says_so(listed: FakeApi) -> None:
    shown = show_queue(listed)["shown"]
    listed.is_down = True
    assert show_queue(listed, shown=shown)["problem_hidden"] is False
    failed = show_queue(listed, "?kind=link", shown)
    assert "Could not load cases The API did not answer at 10:28:15 UTC. Try again" in text_of(failed["list"])


def test_the_form_names_the_consequence_and_offers_the_reason(api: FakeApi) -> None:
    api.answers[VERDICT] = build_effect()
    asked = {"ids": [128], "verdict": "fraud", "reason": "Rotating network", "change": False, "n": 1}
    form = ask(api.connect(), asked, now=NOW)
    assert (form["title"], form["save"]) == ("Mark case 128 as fraud", "Mark as fraud")
    assert (form["reason"], form["until"]) == ("Rotating network", "none")
    said = "11 conversions: reward not credible. K clean 0.73 → 0.58. You can undo this."
    assert form["consequence"] == said
    assert form["opened"]["moved"] == "11 conversions left K clean."
    assert dict(api.asked[0].url.params) == {"dry_run": "true"}


def test_the_form_opens_without_a_preview_and_for_several_at_once(api: FakeApi) -> None:
    api.is_down = True
    one = {"ids": [128], "verdict": "legitimate", "reason": "", "change": False, "n": 1}
    assert ask(api.connect(), one, now=NOW)["consequence"] == "You can undo this."
    several = ask(api.connect(), {**one, "ids": [1, 2, 3, 4], "verdict": "fraud"}, now=NOW)
    assert (several["title"], several["save"]) == ("Mark 4 cases as fraud", "Mark 4 as fraud")


def test_a_verdict_is_saved_said_and_can_be_undone(api: FakeApi) -> None:
    api.answers[VERDICT] = build_decided_case()
    saved = save(api.connect(), OPENED, "Own accounts", "Same flat", "none", now=NOW)
    sent = json.loads(api.asked[0].content)
    assert sent == {
        "verdict": "fraud",
        "reason": "Own accounts",
        "note": "Same flat",
        "until": None,
        "change": False,
    }
    assert saved["done"]["states"] == {"128": {"text": "Fraud, by you just now", "tone": "fraud", "undo": "128:5"}}
    assert text_of(saved["toast"]) == "Case 128: fraud. 4 conversions left K clean. Undo Z"
    api.answers[UNDO] = build_case(128)
    undone = undo(api.connect(), {"key": "128:5", "n": 3})
    assert api.asked[-1].url.query == b"verdict_id=5"
    assert text_of(undone["toast"]) == "Case 128 is open again."


def test_several_are_decided_and_undone_as_one(api: FakeApi) -> None:
    cases = [build_decided_case(case_id=128), build_decided_case(case_id=129)]
    api.answers[BULK] = BulkVerdictAnswer(cases=cases, undo_id=7)
    saved = save(api.connect(), {"ids": [128, 129], "verdict": "fraud"}, "Own accounts", None, "30", now=NOW)
    assert {state["undo"] for state in saved["done"]["states"].values()} == {"bulk:7"}
    assert text_of(saved["toast"]) == "2 cases decided: fraud. Undo Z"
    api.answers["POST", "/v1/cases/verdicts/7/undo"] = BulkVerdictAnswer(
        cases=[build_case(128), build_case(129)], undo_id=7
    )
    undone = undo(api.connect(), {"key": "bulk:7", "n": 3})
    assert undone["done"]["states"] == {"128": None, "129": None}
    assert text_of(undone["toast"]) == "2 verdicts undone."


def test_who_was_slower_sees_the_name_of_who_was_not(api: FakeApi) -> None:
    api.answers[VERDICT] = refuse(409)
    api.answers[CASE] = build_decided_case("legitimate")
    saved = save(api.connect(), OPENED, "Own accounts", None, "none", now=NOW)
    said = "Legitimate, by ana@example.com 1 minute ago"
    state = {"text": said, "tone": "legitimate", "view": "/dashboard/cases/128"}
    assert saved["done"]["states"] == {"128": state}
    assert text_of(saved["toast"]) == f"Not saved. Case 128: {said}."


def test_a_verdict_that_did_not_arrive_says_so_in_the_form(api: FakeApi) -> None:
    api.is_down = True
    saved = save(api.connect(), OPENED, "Own accounts", None, "none", now=NOW)
    assert saved["problem"] == "Not saved: no connection. Try again."
    assert "not responding" in text_of(undo(api.connect(), {"key": "128:5", "n": 1})["toast"])


def answer_case(api: FakeApi, **fields: Any) -> None:
    api.answers[CASE] = build_decided_case(**fields) if "verdict" in fields else build_case(**fields)
    api.answers["GET", "/v1/cases"] = build_cases([build_case(127), build_case(128), build_case(129)])
    api.answers[VERDICT] = build_effect()


def test_a_case_has_its_place_in_the_queue_and_its_form(listed: FakeApi) -> None:
    answer_case(listed)
    shown = show_case(listed.connect(), "/dashboard/cases/128", now=NOW)
    header = text_of(shown["header"])
    assert "2 of 3" in header
    assert "Referrer · Buddy challenge · seen 27–28 Mar · opened 29 Mar 10:28 UTC" in header
    assert (shown["form_hidden"], shown["shown"]) == (False, SHOWN)


def test_a_viewer_has_no_form_and_a_decided_case_says_what_was_decided(api: FakeApi, view_as: Any) -> None:
    view_as(Role.VIEWER)
    answer_case(api, verdict="fraud")
    shown = show_case(api.connect(), "/dashboard/cases/128", now=NOW)
    assert (shown["form_hidden"], shown["bar"]) == (True, [])
    assert "Fraud by ana@example.com 1 minute ago" in text_of(shown["decided"])
    assert "Undo" not in text_of(shown["decided"])


def test_an_unknown_case_says_so(listed: FakeApi) -> None:
    listed.answers["GET", "/v1/cases/999"] = refuse(404)
    shown = show_case(listed.connect(), "/dashboard/cases/999", now=NOW)
    assert "Case 999 not found" in text_of(shown["notice"])
    assert shown["hidden"] is True


def test_the_form_of_a_case_shows_what_each_verdict_changes(listed: FakeApi) -> None:
    answer_case(listed)
    offered = offer(listed.connect(), SHOWN, "fraud")
    assert rows_of(offered["changes"])[2] == ["K clean , 7 days", "0.73", "0.58", "0.58"]
    assert "Farm already keeps the 11 out of K clean" in text_of(offered["changes"])
    assert (offered["reason"], offered["save"]) == ("Fake accounts for a reward", "Save as fraud")
    assert text_of(offered["figures"]).startswith("Conversions at stake 11")


def test_saving_goes_on_to_the_next_case_where_that_is_wanted(listed: FakeApi) -> None:
    answer_case(listed)
    listed.answers[VERDICT] = build_decided_case()
    given = {"shown": SHOWN, "chosen": "fraud", "reason": "Own accounts", "note": "", "until": "none"}
    given |= {"linked": [138], "decides_linked": False}
    assert save_case(listed.connect(), **given, goes_on=True)["path"] == "/dashboard/cases/129"
    listed.is_down = True
    failed = save_case(listed.connect(), **given, goes_on=True)
    assert failed["problem"] == "Not saved: no connection. Try again."
    assert failed["path"] != "/dashboard/cases/129"


def test_the_picture_places_every_node_in_its_column() -> None:
    plot = draw_graph(build_graph())
    assert [head["text"] for head in plot["columns"]] == ["Referrer", "11 invitees", "3 devices", "2 networks"]
    assert len({node["x"] for node in plot["nodes"]}) == 4
    assert [line["hot"] for line in plot["lines"]].count(True) == 1
    assert all(0 <= node["y"] <= plot["height"] for node in plot["nodes"])
    said = "Connects 1 referrer, 11 invitees, 3 devices, 2 networks; 1 suspicious tie"
    assert format_summary(build_graph()) == said


def test_culprits_are_behind_all_only_where_that_is_true() -> None:
    looks = build_case(129, strength="looks", stake=Stake(clicks=9, conversions=0))
    assert format_subtitle(build_cases([build_case(), looks])) == "2 referrers are behind all 11 flagged conversions"
    more = build_cases([build_case()], next_cursor="more", flagged_conversions=20)
    assert format_subtitle(more) == "1 referrer of 1 open case, with 11 conversions at stake in all"


def test_the_card_of_culprits_is_the_same_without_buttons_for_viewers() -> None:
    drawn = build_body(build_snapshot(may_decide=False))
    assert "usr_b5052d095268 Buddy challenge · case 128" in text_of(drawn)
    assert verdicts_in(drawn) == []
    assert verdicts_in(build_body(build_snapshot())) == ["fraud", "legitimate", "unsure"]
    assert "No open cases" in text_of(build_body(build_snapshot(cases=build_cases([]))))
    assert "Could not load cases" in text_of(build_body(build_snapshot(cases=None)))


def test_linked_cases_are_decided_with_it_where_nobody_else_uses_the_device(listed: FakeApi) -> None:
    own, shared = ({"id": each, "kind": "device", "entity": "831155e0", "alias": ""} for each in (138, 139))
    found = [LinkedCase(**own, shared=False), LinkedCase(**shared, shared=True)]
    offered = describe_linked(found)
    assert offered == {
        "hidden": False,
        "ids": [138],
        "label": "Also decide 1 linked case",
        "description": "Case 138, device 831155e0. 1 more that others use stays open.",
        "checked": True,
    }
    assert describe_linked(found[1:])["checked"] is False
    assert describe_linked([])["hidden"] is True
    listed.answers["POST", "/v1/cases/verdicts"] = BulkVerdictAnswer(cases=[build_decided_case()], undo_id=7)
    given = {"shown": SHOWN, "chosen": "fraud", "reason": "Own accounts", "note": "", "until": "none"}
    saved = save_case(listed.connect(), **given, linked=[138], decides_linked=True, goes_on=False)
    assert json.loads(listed.asked[-1].content)["ids"] == [128, 138]
    assert saved["done"]["states"]["138"]["undo"] == "bulk:7"


def test_a_row_that_somebody_else_decided_keeps_its_place_until_the_next_navigation(listed: FakeApi) -> None:
    decided = build_decided_case("legitimate", case_id=128)
    listed.answers["GET", "/v1/cases"] = build_cases([decided])
    still, before = [build_case(127), build_case(129)], [127, 128, 129]
    kept = keep_decided(listed.connect(), still, before, "me@example.com")
    _, first, second, third = rows_of(build_queue(kept, {}, may_decide=True, now=NOW))
    assert [first[1], second[1], third[1]] == ["127", "128", "129"]
    assert second[-1] == "Legitimate, by ana@example.com 1 minute ago View"
    assert keep_decided(listed.connect(), still, before, "ana@example.com") == still
    asked = len(listed.asked)
    assert keep_decided(listed.connect(), still, [127], "me@example.com") == still
    assert len(listed.asked) == asked
    assert show_queue(listed, shown={"search": "?kind=link", "digests": {}, "ids": before})["shown"]["ids"] == [128]


def test_an_investigation_shows_the_case_about_what_is_investigated(api: FakeApi) -> None:
    entity = Entity(kind="device", shown="831155…", ref="ref-1", first_seen=NOW, last_seen=NOW)
    other, wanted = (build_case(each, kind="device", entity="831155…", ref=f"ref-{each}") for each in (2, 1))
    api.answers["GET", "/v1/cases"] = build_cases([other, wanted])
    found = find_case(api.connect(), entity, "ref-1")
    assert found == wanted
    asked = dict(api.asked[0].url.params)
    assert asked == {"status": "open", "kind": "device", "q": "ref-1", "order": "newest", "limit": "10"}
    drawn = build_part(wanted, may_decide=True, now=NOW)
    assert text_of(drawn).startswith("Case 1  · Open · 11 conversions and 41 clicks at stake")
    assert verdicts_in(drawn) == ["fraud", "legitimate", "unsure"]
    decided = build_part(build_decided_case(), may_decide=True, now=NOW)
    assert "Fraud, by ana@example.com 1 minute ago" in text_of(decided)
    assert verdicts_in(decided) == []


def test_an_investigation_stands_without_cases(api: FakeApi) -> None:
    entity = Entity(kind="referrer", shown="maria", ref=None, first_seen=None, last_seen=None)
    assert find_case(api.connect(), entity, "maria") is None
    api.is_down = True
    assert find_case(api.connect(), entity, "maria") is None
