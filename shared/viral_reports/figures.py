"""Numbers and dates in a report's sentences and tables."""

import math
from datetime import datetime
from decimal import Decimal

from viral_contract.models.period import Period
from viral_contract.models.series import SeriesMetric
from viral_reports import dates
from viral_reports.bidirectional import isolate

_VIRAL = 1
_MOST_DECIMALS = 6
_LONGEST_NAME = 40
_SMALLEST_PCT = 0.05
_ALL_PCT = 100
_METRICS: dict[SeriesMetric, str] = {
    "clicks": "Clicks",
    "signups": "Signups",
    "conversions": "Conversions",
    "invites": "Invites",
    "violations": "Violations",
    "filtered_share": "Filtered share",
    "prefetch_share": "Share of prefetches",
    "preview_share": "Share of link previews",
    "known_bot_share": "Share of known bots",
    "library_share": "Share of HTTP libraries",
    "human_share": "Share of browsers and apps",
    "unknown_share": "Share without a user agent",
}


def format_k(k_factor: float) -> str:
    """K with two decimals; with more if two would show a K below 1 as 1.00."""
    for decimals in range(2, _MOST_DECIMALS):
        shown = f"{k_factor:.{decimals}f}"
        if k_factor >= _VIRAL or float(shown) < _VIRAL:
            return shown
    return "0.99999"


def format_k_of_hundred(k_factor: float) -> str:
    """Conversions per 100 users, consistent with the displayed K."""
    of_hundred = Decimal(format_k(k_factor)) * 100
    return f"{of_hundred.normalize():,f}"


def format_distance_to_viral(k_factor: float) -> str:
    """The distance to K 1, which adds up with the displayed K."""
    return str(1 - Decimal(format_k(k_factor)))


def format_count(count: float) -> str:
    """A count with thousands separators: 1234 is "1,234"; a fraction keeps two decimals."""
    return f"{count:,.0f}" if float(count).is_integer() else f"{count:,.2f}"


def format_counted(number: int, what: str, several: str | None = None) -> str:
    """A count with its noun: "1 click", "2 clicks"; `several` is an irregular plural."""
    return f"{format_count(number)} {what if number == 1 else several or what + 's'}"


def format_rate(rate: float) -> str:
    """A fraction as a percentage with one decimal; a small one never as 0."""
    return format_pct(rate * 100)


def format_rate_against(rate: float, target: float) -> str:
    """A rate compared with its target, with a second decimal if one would make a missed target look met."""
    return _cut(rate * 100) if rate < target <= round(rate, 3) else format_rate(rate)


def format_pct(pct: float) -> str:
    """A percentage with one decimal and thousands separators; below 100 never as 100."""
    if round(pct, 1) == _ALL_PCT > pct:
        return _cut(pct)
    return "<0.1%" if 0 < pct < _SMALLEST_PCT else f"{pct:,.1f}%"


def _cut(pct: float) -> str:
    """A percentage with two decimals, rounded down."""
    return f"{math.floor(round(pct * 100, 6)) / 100:.2f}%"


def format_change(change_pct: float | None) -> str:
    """A relative change with its sign; after 0 it is "new"."""
    if change_pct is None:
        return "new"
    return format_signed(change_pct, decimals=1) + "%"


def format_signed(value: float, *, decimals: int) -> str:
    """A number with its sign, a true minus; 0 has none."""
    shown = f"{abs(value):,.{decimals}f}"
    if not any(digit in "123456789" for digit in shown):
        return shown
    return ("+" if value > 0 else "−") + shown


def format_z(z: float) -> str:
    """A distance in usual daily swings: "−4.5"."""
    return f"{z:.1f}".replace("-", "−")


def format_points(points: float) -> str:
    """Points of the health score, with one decimal."""
    return f"{points:.1f}"


def format_moment(moment: datetime) -> str:
    """A moment to the minute; all moments are UTC."""
    return f"{dates.format_day(moment.date(), dates.FULL)}, {moment:%H:%M} UTC"


def format_period(period: Period) -> str:
    """The dates without repeating month or year: "17–20 May 2015"."""
    return dates.format_period(period, dates.FULL)


def name_loop(source: str) -> str:
    """The loop's name to read: `buddy_challenge` is "Buddy challenge"."""
    words = source.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else "No loop"


def name_metric(metric: SeriesMetric) -> str:
    """What a series is of, to read."""
    return _METRICS[metric]


def format_name(name: str) -> str:
    """A name from a caller, cut to fit a line and isolated from the text around it."""
    return isolate(name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…")
