"""A report's chart as a picture, since mail clients show no SVG."""

from collections.abc import Sequence
from pathlib import Path

import resvg_py

import viral_reports
from viral_contract.models.reports import DayInReport
from viral_reports.dates import format_day_of_year
from viral_reports.figures import format_k
from viral_reports.k_chart import WIDTH

_FONT = Path(viral_reports.__file__).parent / "fonts" / "Inter-Regular.ttf"
_PIXELS_PER_POINT = 2
# Mail clients on phones shrink the picture to about half its width.
_STYLE = "text { font-size: 12px }"


def draw_k_image(svg: str) -> bytes | None:
    """The chart of a page as a PNG, sharp on small screens too; None where there is nothing to draw."""
    if not svg:
        return None
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        width=WIDTH * _PIXELS_PER_POINT,
        background="#FFFFFF",
        style_sheet=_STYLE,
        font_files=[str(_FONT)],
        skip_system_fonts=True,
    )


def describe_k_image(days: Sequence[DayInReport]) -> str:
    """The same in words, for those who see no picture."""
    first, last, best = days[0], days[-1], max(days, key=lambda day: day.k_factor)
    return (
        f"Daily K-factor: {_describe(first)}, {_describe(last)}, "
        f"peak {format_k(best.k_factor)} on {format_day_of_year(best.date)}."
    )


def _describe(day: DayInReport) -> str:
    return f"{format_k(day.k_factor)} on {format_day_of_year(day.date)}"
