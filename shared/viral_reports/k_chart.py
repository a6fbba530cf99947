"""The chart of K over time, one SVG for web page and PDF. It contains only numbers and dates."""

from collections.abc import Sequence
from math import ceil

from viral_contract.models.reports import DayInReport
from viral_reports.dates import format_day_of_year

WIDTH, HEIGHT = 640, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 10, 12, 26
_MOST_DOTS = 31
_LABELS = 7
_ACCENT, _LINE, _SUBTLE, _TEXT = "#4F46E5", "#E6E6EA", "#6B6B76", "#18181B"
_STEPS = (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100)
_MOST_LINES = 5


def draw_k_chart(days: Sequence[DayInReport]) -> str:
    """Daily K with the line at 1; an empty text if no date has an invite or a conversion."""
    if not any(day.k_factor for day in days):
        return ""
    step, top = _choose_scale(max(day.k_factor for day in days))
    points = [(_x(number, len(days)), _y(day.k_factor, top)) for number, day in enumerate(days)]
    parts = [*_draw_grid(step, top), _draw_area(points), _draw_line(points), *_draw_dots(points), *_label_days(days)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Daily K-factor" font-family="Inter, system-ui, sans-serif" font-size="10">'
        f"{''.join(parts)}</svg>"
    )


def _choose_scale(highest: float) -> tuple[float, float]:
    """The grid's spacing and the top of the scale, which always includes 1."""
    needed = max(highest, 1) * 1.08
    step = next((step for step in _STEPS if needed / step <= _MOST_LINES), needed / _MOST_LINES)
    return step, step * ceil(needed / step)


def _x(number: int, count: int) -> float:
    width = WIDTH - _LEFT - _RIGHT
    return _LEFT + (width * number / (count - 1) if count > 1 else width / 2)


def _y(k_factor: float, top: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * k_factor / top


def _draw_grid(step: float, top: float) -> list[str]:
    lines = []
    for number in range(round(top / step) + 1):
        level = number * step
        y = _y(level, top)
        is_viral = level == 1
        style = f'stroke="{_TEXT}" stroke-dasharray="3 3"' if is_viral else f'stroke="{_LINE}"'
        lines.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}" {style} stroke-width="1"/>')
        lines.append(_text(_LEFT - 8, y + 3.5, f"{level:g}", anchor="end", colour=_TEXT if is_viral else _SUBTLE))
    if step not in (0.25, 0.5, 1):
        y = _y(1, top)
        style = f'stroke="{_TEXT}" stroke-dasharray="3 3"'
        lines.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}" {style} stroke-width="1"/>')
    return lines


def _draw_area(points: Sequence[tuple[float, float]]) -> str:
    ground = HEIGHT - _BOTTOM
    corners = [(points[0][0], ground), *points, (points[-1][0], ground)]
    return f'<polygon points="{_join(corners)}" fill="{_ACCENT}" fill-opacity="0.08"/>'


def _draw_line(points: Sequence[tuple[float, float]]) -> str:
    return (
        f'<polyline points="{_join(points)}" fill="none" stroke="{_ACCENT}" stroke-width="2" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _draw_dots(points: Sequence[tuple[float, float]]) -> list[str]:
    if len(points) > _MOST_DOTS:
        return []
    return [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{_ACCENT}"/>' for x, y in points]


def _label_days(days: Sequence[DayInReport]) -> list[str]:
    every = max(1, ceil(len(days) / _LABELS))
    labels = []
    for number in range(0, len(days), every):
        x = _x(number, len(days))
        anchor = "middle" if x < WIDTH - 2 * _LEFT else "end"
        labels.append(_text(x if anchor == "middle" else WIDTH - _RIGHT, HEIGHT - 8, _day(days, number), anchor=anchor))
    return labels


def _day(days: Sequence[DayInReport], number: int) -> str:
    return format_day_of_year(days[number].date)


def _text(x: float, y: float, text: str, *, anchor: str, colour: str = _SUBTLE) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'


def _join(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
