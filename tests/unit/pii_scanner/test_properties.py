"""What holds for every text and every data."""

import re
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from metrics_api.pii_scanner.findings import Finding
from tests.support.us_scanner import find_violations, scan_data, scan_text

_PIECES = st.sampled_from(
    """
    john@example.com|555-123-4567|+44 7911 123456|219-09-9999|219099999|4111 1111 1111 1111|203.0.113.7|2001:db8::7|
    12 Main Street|Goethestraße 12|rue de la Paix|Apt. 4|my name is |Emma|Lincoln Elementary School|goes to |born on |
    04/17/2014|five |dot |at |double |call |ssn |card |address is |Suite 12|〒150-0001|\u200b|５|é|e\u0301|İ|ß|
    5\ufe0f\u20e3|( |) |- |.|,|\n|@|:|/|0|1 |x|#|P.S. 118|Box 12|the corner of A and B
    """.replace("\n    ", "").split("|")
)
_TEXTS = st.one_of(st.text(max_size=80), st.lists(st.one_of(_PIECES, st.text(max_size=4)), max_size=14).map("".join))
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _TEXTS)
_DATA = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4), max_leaves=12
)


def check_findings(text: str, findings: list[Finding]) -> None:
    """In order, apart from each other, inside the text, and masked."""
    position = 0
    for finding in findings:
        assert position <= finding.start < finding.end <= len(text)
        position = finding.end
        value = text[finding.start : finding.end]
        assert value not in finding.masked
        assert len(re.findall(r"\d", finding.masked)) <= 4


@settings(max_examples=400, deadline=None)
@given(_TEXTS)
@example("İ" * 3 + " john@example.com")
@example("\ud800 555-123-4567")
def test_findings_lie_in_the_text_apart_and_masked(text: str) -> None:
    findings = scan_text(text)
    check_findings(text, findings)
    assert scan_text(text) == findings


@settings(max_examples=200, deadline=None)
@given(_DATA)
def test_any_data_is_scanned_and_paths_lead_to_values(data: Any) -> None:
    findings = scan_data(data)
    assert scan_data(data) == findings
    assert all(finding.path is not None and re.fullmatch(r"(/.*)?", finding.path, re.DOTALL) for finding in findings)
    find_violations(data)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["john.hartwell@example.com", "555-867-5309", "219-09-9999", "4111 1111 1111 1111"]), _TEXTS)
def test_a_value_never_shows_in_what_is_reported(secret: str, around: str) -> None:
    text = f"{around} {secret}"
    assume(any(secret in text[finding.start : finding.end] for finding in scan_text(text)))
    data = {text: {"note": text}}
    assert secret not in repr([*scan_data(data), *scan_text(text), *find_violations(data)])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["hello ", "Level 12 ", "score: 98 ", "é", "🎓 ", "\n"]), max_size=6).map("".join))
def test_a_value_is_found_behind_any_clean_text(lead: str) -> None:
    text = f"{lead} john@example.com"
    assert [(text[found.start : found.end], found.type) for found in scan_text(text)] == [("john@example.com", "email")]
