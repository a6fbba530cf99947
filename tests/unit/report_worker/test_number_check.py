"""Which numbers of a text are held by the facts."""

from datetime import date

import pytest

from report_worker.number_check import KnownNumbers

FACTS = {
    "k_factor": 0.6234,
    "clicks": 1234,
    "conversions": [45, 7],
    "change_pct": -12.34,
    "invites_per_user": 12.4,
    "difference": 0.033,
    "flagged": True,
    "name": "loop 99",
    "nothing": None,
}
KNOWN = KnownNumbers(FACTS, [date(2026, 3, 2), date(2026, 3, 8)])


@pytest.mark.parametrize(
    "text",
    [
        "No number at all.",
        "K is 0.62.",
        "K is 0.6234",
        "62% of them",
        "62.3 percent",
        "62.3 per cent",
        "1,234 clicks",
        "1\u202f234 clicks",
        "1’234 clicks",
        "1.2k clicks",
        "1.23 thousand clicks",
        "1,234.0 clicks",
        "down 12.3%",
        "−12.3%",
        "-12 %",
        "12 invites",
        "3.3 points",
        "3.3 percentage points",
        "(45)",
        "45; 7, and 45.",
        "7-45",
        "seven",
        "forty-five conversions",
        "Forty five",
        "one thousand two hundred and thirty-four clicks",
        "on 2 March",
        "2–8 March 2026",
        "March 2, 2026",
        "Mar 8",
        "2nd March",
        "2026-03-08",
        "in 2026",
    ],
)
def test_holds(text: str) -> None:
    assert KNOWN.find_unknown(text) is None


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("K is 0.63", "0.63"),
        ("K is 0.620", "0.620"),
        # Rounding to a whole number would turn 0.62 into 1.
        ("K is 1", "1"),
        ("62.4%", "62.4%"),
        ("1234%", "1234%"),
        ("1,235 clicks", "1,235"),
        ("1.3k clicks", "1.3k"),
        ("1.2 million", "1.2 million"),
        ("up +12.3%", "+12.3%"),
        ("−45 conversions", "−45"),
        ("46", "46"),
        ("45th place", "45t"),
        ("$45", "$45"),
        ("45e3", "45e"),
        ("v45", "v45"),
        ("1,23", "1,23"),
        ("45.7.1", "45.7.1"),
        ("eight", "8"),
        ("forty-six", "46"),
        ("a hundred", "100"),
        ("twice as many", "twice"),
        ("Doubled", "Doubled"),
        ("half of them", "half"),
        ("two-thirds", "thirds"),
        ("dozens", "dozens"),
        ("½", "½"),
        ("٤٥", "٤"),
        ("４５", "４"),
        ("45²", "²"),
        ("3 March", "3 March"),
        ("2–9 March 2026", "2–9 March 2026"),
        ("7 April", "7 April"),
        ("in 2025", "2025"),
        ("2025-03-02", "2025-03-02"),
        ("99", "99"),
    ],
)
def test_finds_what_the_facts_do_not_hold(text: str, unknown: str) -> None:
    found = KNOWN.find_unknown(text)
    assert found is not None
    assert unknown in found
