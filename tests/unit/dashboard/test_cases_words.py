"""What cases say: why there is one, which numbers are behind it, and how figures are written."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.cases.evidence import build_evidence, list_measures
from dashboard.cases.figures import format_chance, format_dates, format_probability
from dashboard.cases.why import format_finding
from dashboard.cases.words import RULES, find_reason
from tests.unit.dashboard.case_answers import build_case, build_farm, build_too_good
from tests.unit.dashboard.tree import find, rows_of, text_of
from viral_contract.models.referrer_evidence import RuleEvidence

NETWORK = {"days": 2, "peak_day": "2026-03-27", "clicks": 312, "devices": 298, "new_device_share": 0.97}
USERS = {"user_ids": [{"user_id": "usr_ab"}]}
FINDINGS: list[tuple[str, dict[str, Any], str]] = [
    ("ring", {"evidence": {"users": 12, "devices": 3}}, "12 users share 3 devices and refer almost only each other"),
    (
        "self_referral",
        {"statistic": 6, "n": 6, "evidence": {"same_user": 0}},
        "6 of 6 signups and conversions on the referrer’s own device",
    ),
    (
        "self_referral",
        {"statistic": 1, "n": 3, "evidence": {"same_user": 1}},
        "1 of 3 signups and conversions under the referrer’s own id",
    ),
    ("mutual", {"evidence": {"partners": 1, **USERS}}, "Credits usr_ab and is credited by it"),
    ("mutual", {"evidence": {"partners": 2, **USERS}}, "Credits 2 users and is credited by them"),
    ("cycle", {"evidence": {"length": 4}}, "4 users credit each other in a circle"),
    ("duplicate", {"evidence": {"same_minute": 1}}, "2 conversions in one minute, same device, new ids"),
    (
        "duplicate",
        {"evidence": {"same_minute": 0, "repeated_conversions": 1}},
        "1 conversion of a user who had converted",
    ),
    ("too_fast", {"n": 20, "evidence": {"under_10_seconds": 9}}, "9 of 20 conversions within 10 s of the click"),
    ("flood", {"n": 30, "evidence": {"over_1_hour": 28}}, "28 of 30 conversions more than an hour after the click"),
    (
        "clicks_without_conversions",
        {"n": 1113, "statistic": 0, "expected": 17},
        "No conversions; 17.0 expected from 1,113 clicks",
    ),
    ("over_limit", {"evidence": {**NETWORK, "clicks": 106, "devices": 3}}, "106 clicks on 27 Mar from 3 devices"),
    ("rotating", {"evidence": NETWORK}, "298 devices for 312 clicks, 97% never seen before"),
    ("burst", {"evidence": {"clicks": 3, "seconds": 0.56}}, "3 clicks within 0.56 s"),
    ("denied", {}, "On the deny list"),
]


def build_found(rule: str, **fields: Any) -> RuleEvidence:
    return RuleEvidence.model_validate({"rule": rule, "strength": "flags", "n": 10, **fields})


@pytest.mark.parametrize(("rule", "fields", "said"), FINDINGS)
def test_a_rule_says_what_it_found_with_its_numbers(rule: str, fields: dict[str, Any], said: str) -> None:
    assert format_finding(build_found(rule, **fields)) == said


@pytest.mark.parametrize("rule", RULES)
def test_evidence_with_other_numbers_is_described_in_general_words(rule: str) -> None:
    found = build_found(rule)
    assert format_finding(found)[:1].isupper()
    assert list_measures(found)[0].name


def test_a_farm_shows_each_measure_beside_its_limit_and_the_others() -> None:
    case = build_case()
    shown = build_evidence(case.kind, case.evidence)
    [head, _] = find(shown, "rule-finding-head")
    said = "Farm 11 invitees converted from 3 devices.  Real invitees bring a device each. 2 of 3 met, 2 needed"
    assert text_of(head) == said
    assert rows_of(shown)[:4] == [
        ["Measure", "Here", "Limit", "Others"],
        ["Devices per invitee", "0.27", "≤ 0.50", "–"],
        ["Networks per invitee", "0.18", "≤ 0.20", "–"],
        ["Invitees active again within 7 days", "not known yet", "< ¼ of others", "61%"],
    ]
    assert ["Probability by chance", "8 × 10⁻¹¹", "< 0.001", "n = 41"] in rows_of(shown)
    assert "8 rules without a finding" in text_of(shown)


def test_what_is_worth_a_look_has_a_dashed_chip_and_says_so() -> None:
    case = build_case(evidence=[build_farm(), build_too_good()])
    solid, dashed = find(build_evidence(case.kind, case.evidence), "rule-chip")
    assert (text_of(solid), solid.className) == ("Farm", "rule-chip rule-flags")
    assert (text_of(dashed), dashed.className) == ("Too good  (worth a look)", "rule-chip rule-looks")


@pytest.mark.parametrize(
    ("p", "number", "words"),
    [
        (8e-11, "8 × 10⁻¹¹", "fewer than 1 in 10 billion"),
        (9.9e-7, "1 × 10⁻⁶", "fewer than 1 in 1 million"),
        (0.0004, "4 × 10⁻⁴", "fewer than 1 in 1,000"),
        (0.02, "0.02", "about 1 in 50"),
        (0.0, "below 10⁻³⁰⁰", "fewer than 1 in 1,000 trillion"),
    ],
)
def test_a_probability_is_said_in_words_and_never_understated(p: float, number: str, words: str) -> None:
    assert (format_probability(p), format_chance(p)) == (number, words)


def test_dates_do_not_repeat_their_month() -> None:
    first, last = datetime(2026, 11, 26, 18, tzinfo=UTC), datetime(2026, 11, 27, tzinfo=UTC)
    assert format_dates(first, last) == "26–27 Nov"
    assert format_dates(last, last) == "27 Nov"
    assert format_dates(first.replace(month=10, day=28), last.replace(day=3)) == "28 Oct – 3 Nov"


def test_the_reason_that_is_offered_first_fits_the_strongest_rule() -> None:
    assert find_reason("fraud", "rotating") == "Rotating network"
    assert find_reason("fraud", "denied") == "Other fraud"
    assert find_reason("legitimate", "farm") == "School or class"
