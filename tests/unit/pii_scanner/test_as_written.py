"""Single texts as people write them, each alone, as a value and as a key: what is clean stays so, the rest is found."""

import json
from pathlib import Path

import pytest

from tests.support.us_scanner import scan_data, scan_text

_LINES = (Path(__file__).parents[2] / "data" / "pii_as_written.jsonl").read_text("utf-8").splitlines()
_TEXTS: list[tuple[str, str]] = [tuple(json.loads(line)) for line in _LINES]


@pytest.mark.parametrize("text", [text for pii_type, text in _TEXTS if not pii_type])
def test_schoolwork_and_measures_are_clean(text: str) -> None:
    assert scan_text(text) == []
    assert scan_data({"answer": text, "list": [text]}) == []
    assert scan_data({text: 1}) == []


@pytest.mark.parametrize(("pii_type", "text"), [each for each in _TEXTS if each[0]])
def test_disguised_information_is_found_and_masked_in_keys(pii_type: str, text: str) -> None:
    assert pii_type in [finding.type for finding in scan_text(text)]
    assert pii_type in [finding.type for finding in scan_data({"note": text})]
    in_key = scan_data({text: 1})
    assert pii_type in [finding.type for finding in in_key]
    assert not any(text in (finding.path or "") for finding in in_key)
