"""How figures of a case are written: probabilities, dates of a case, ids that are cut."""

from datetime import UTC, datetime
from math import floor, log10

from viral_reports.dates import format_day_of_year

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LIKELY = 0.001
_LONGEST_ID = 24
_SCALES = ((1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"))


def format_probability(p: float) -> str:
    """A probability as a number: "0.012", "8 × 10⁻¹¹"; one too small for a number is "below 10⁻³⁰⁰"."""
    if p >= _LIKELY:
        return f"{p:.3g}"
    if p <= 1e-300:
        return "below 10⁻³⁰⁰"
    exponent = floor(log10(p))
    mantissa = round(p / 10**exponent)
    if mantissa == 10:
        mantissa, exponent = 1, exponent + 1
    return f"{mantissa} × 10{str(exponent).translate(_SUPERSCRIPTS)}"


def format_chance(p: float) -> str:
    """A probability in words, rounded so that it is never understated: "fewer than 1 in 10 billion"."""
    if p <= 1e-15:
        return "fewer than 1 in 1,000 trillion"
    odds = 10 ** floor(log10(1 / p) + 1e-9)
    for scale, word in _SCALES:
        if odds >= scale:
            return f"fewer than 1 in {odds // scale:,} {word}" if odds > 1_000 else "fewer than 1 in 1,000"
    return f"about 1 in {round(1 / p):,}" if p > 0.01 else f"fewer than 1 in {odds:,}"


def format_dates(first: datetime, last: datetime) -> str:
    """The dates between two moments: "26–27 Nov", "28 Oct – 3 Nov"."""
    start, end = first.astimezone(UTC).date(), last.astimezone(UTC).date()
    if start == end:
        return format_day_of_year(end)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}–{format_day_of_year(end)}"
    return f"{format_day_of_year(start)} – {format_day_of_year(end)}"


def cut_id(identifier: str, longest: int = _LONGEST_ID) -> str:
    """An id that fits into a sentence, or where there is less room."""
    return identifier if len(identifier) <= longest else f"{identifier[:8]}…"
