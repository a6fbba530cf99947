"""The lists of referrers with evidence and of referrers of flagged addresses, and the card that shows some of them."""

from typing import Any

from dashboard.guardrails import evidence, fraud, fraud_referrers
from dashboard.lists.file import format_file
from dashboard.lists.sorted_table import ALL
from dashboard.lists.table_page import Listing, TablePage, build_query, fetch_file, fetch_selected
from dashboard.period import read_search
from tests.support.answers import COMMON, build_fraud
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.snapshots import build_snapshot
from tests.unit.dashboard.tree import rows_of, text_of, walk
from viral_contract.models.flagged import FlaggedAnswer, ReferrerOfNetworks
from viral_contract.models.referrer_evidence import (
    ReferrerEvidenceAnswer,
    ReferrerWithEvidence,
    RuleEvidence,
    StrengthCounts,
)

EVIDENCE, FRAUD = "/v1/guardrails/referrers", "/v1/guardrails/fraud"
FARM = RuleEvidence(rule="farm", strength="flags", n=11, evidence={"invitees": 11, "devices": 3})
TOO_GOOD = RuleEvidence(rule="too_good", strength="looks", statistic=11, expected=0.5, n=41)


def build_evidence(*names: str, **fields: Any) -> ReferrerEvidenceAnswer:
    referrers = [
        ReferrerWithEvidence(
            referrer_id=name, rules=[FARM, TOO_GOOD], clicks=41, conversions=11, flagged_conversions=11
        )
        for name in names
    ]
    given = {"total_flagged": 1, "total": len(names), "counts": StrengthCounts(flags=len(names), looks=4)}
    return ReferrerEvidenceAnswer(**COMMON, referrers=referrers, **{**given, "next_cursor": None, **fields})


def build_referrers(*names: str) -> FlaggedAnswer:
    referrers = [ReferrerOfNetworks(referrer_id=name, networks=2, clicks=30, days=1, total_clicks=40) for name in names]
    given = {"referrers": referrers, "total": 12, "next_cursor": None}
    return FlaggedAnswer.model_validate({**build_fraud(rows=0).model_dump(), **given})


def fetch(listed: TablePage, search: str, **answers: Any) -> Listing:
    api = FakeApi()
    api.answers.update({("GET", path): answer for path, answer in answers.items()})
    return listed.fetch(api.connect(), build_query(listed, read_search(search)), "?days=7")


def test_a_referrer_has_the_sentence_of_its_strongest_rule_and_the_names_of_all() -> None:
    listing = fetch(evidence.LISTED, "", **{EVIDENCE: build_evidence("usr_1")})
    [row] = listing.rows
    assert text_of(row.cells[1]) == "11 invitees converted from 3 devices Farm Too good  (worth a look)"
    assert [row.cells[0].href, row.record["rules"]] == [
        "/dashboard/investigations?days=7&kind=referrer&id=usr_1",
        "farm, too_good",
    ]
    assert listing.counts == {"any": 5, "flags": 1, "looks": 4}


def test_the_filters_and_the_order_of_the_address_are_those_of_the_api(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", EVIDENCE] = build_evidence()
    browser.resume("viewer1")
    search = "?days=30&rule=farm&strength=flags&q=usr&sort=clicks&order=asc"
    drawn = str(call(browser, "evidence-rows.children", {"url.search": search}))
    assert dict(api.asked[-1].url.params) == {
        **read_search(search),
        "limit": "25",
    }
    assert "No referrer matches" in drawn
    assert "“usr”, strength Flags, rule Farm" in drawn


def test_selected_rows_are_a_file_and_all_of_them_are_the_whole_list() -> None:
    api = FakeApi()
    api.answers["GET", EVIDENCE] = build_evidence("usr_1", "usr_2", "usr_3")
    name, records = fetch_selected(evidence.LISTED, api.connect(), {}, ["usr_1", "usr_3"])
    lines = format_file(name, records)[1].splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ['"usr_1"', '"usr_3"']
    whole = fetch_selected(evidence.LISTED, api.connect(), {}, [ALL])
    assert format_file(*whole) == format_file(*fetch_file(evidence.LISTED, api.connect(), {}))
    assert name.startswith("referrers_2")


def test_a_viewer_selects_rows_for_a_file_and_nothing_else(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", EVIDENCE] = build_evidence("usr_1")
    browser.resume("viewer1")
    drawn = str(call(browser, "evidence-rows.children", {"url.search": ""}))
    assert ("Select usr_1" in drawn, "data-acts" in drawn) == (True, False)
    browser.resume("admin")
    assert "data-acts" in str(call(browser, "evidence-rows.children", {"url.search": "?days=14"}))


def test_the_fraud_card_has_rows_by_referrer_where_the_address_says_so() -> None:
    body = fraud.CARD.build_body(build_snapshot(fraud_referrers=build_referrers("usr_1")))
    assert rows_of(body)[1] == ["usr_1", "2", "1", "30", "75.0%"]
    hrefs = [each.href for each in walk(body) if getattr(each, "href", None)]
    assert hrefs == [
        "/dashboard/guardrails?days=7",
        "/dashboard/guardrails?days=7&fraud=referrer",
        "/dashboard/investigations?days=7&kind=referrer&id=usr_1",
        "/dashboard/guardrails/fraud/referrers?days=7",
        "/dashboard/guardrails/referrers?days=7",
    ]


def test_referrers_of_flagged_addresses_have_their_share() -> None:
    listing = fetch(fraud_referrers.LISTED, "", **{FRAUD: build_referrers("usr_1")})
    assert (listing.total, listing.rows[0].record["share"]) == (12, 0.75)
