"""How figures are written: a rate never looks like more than it is."""

import pytest

from viral_reports.figures import format_rate, format_rate_against


@pytest.mark.parametrize(
    ("rate", "shown"),
    [(0, "0.0%"), (0.0001, "<0.1%"), (0.358, "35.8%"), (0.9994, "99.9%"), (0.9996, "99.96%"), (0.99999, "99.99%")],
)
def test_a_rate_has_one_decimal_and_is_never_rounded_up_to_all(rate: float, shown: str) -> None:
    assert format_rate(rate) == shown


@pytest.mark.parametrize(
    ("rate", "target", "shown"),
    [
        (1.0, 1.0, "100.0%"),
        (0.9996, 1.0, "99.96%"),
        (0.9899, 0.99, "98.99%"),
        (0.98999, 0.99, "98.99%"),
        (0.989, 0.99, "98.9%"),
        (0.9901, 0.99, "99.0%"),
    ],
)
def test_a_missed_target_never_looks_met(rate: float, target: float, shown: str) -> None:
    assert format_rate_against(rate, target) == shown
