"""Names of others cannot turn the text around them."""

import pytest

from viral_reports.bidirectional import isolate


@pytest.mark.parametrize("text", ["", "plain", "naïve café", "李小龙", "12 %", "🎓"])
def test_most_texts_stay_as_they_are(text: str) -> None:
    assert isolate(text) == text


@pytest.mark.parametrize("text", ["עברית", "العربية", "a\u202eb", "a\u202bb\u202c", "\u200fa", "\u061ca"])
def test_what_could_turn_its_surroundings_is_isolated(text: str) -> None:
    assert isolate(text) == f"\u2068{text}\u2069"


@pytest.mark.parametrize(
    ("text", "isolated"),
    [
        ("\u2069\u202ea", "\u2068\u202ea\u2069"),
        ("a\u2067b", "\u2068a\u2067b\u2069\u2069"),
        ("\u2066a\u2069\u2069b", "\u2068\u2066a\u2069b\u2069"),
    ],
)
def test_no_name_can_leave_its_isolate(text: str, isolated: str) -> None:
    assert isolate(text) == isolated
