"""Bar charts as SVG, which a page of documentation can show."""

from collections.abc import Sequence
from html import escape
from math import log10

_LEFT, _WIDTH, _ROW, _TOP = 300, 460, 22, 34
_COLORS = ("#2563eb", "#f59e0b")
_STYLE = "font-family='sans-serif' font-size='12' fill='currentColor'"


def draw_bars(title: str, series: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]], *, unit: str) -> str:
    """Rows of bars on a logarithmic scale, one bar for each of the series, each with its value."""
    values = [value for _, of_row in rows for value in of_row if value > 0]
    low = log10(min(values)) - 0.3
    scale = (_WIDTH - 90) / (log10(max(values)) - low)
    height = _TOP + (len(rows) * len(series)) * _ROW // 2 + len(rows) * 8 + 8
    lines = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_LEFT + _WIDTH}' height='{height}' role='img'"
        f" aria-label='{escape(title)}' style='background: #fff; color: #111'>",
        f"<text x='4' y='20' {_STYLE} font-weight='bold'>{escape(title)}</text>",
        *_draw_legend(series),
    ]
    y = _TOP
    for name, of_row in rows:
        lines.append(f"<text x='4' y='{y + 10}' {_STYLE}>{escape(name)}</text>")
        for number, value in enumerate(of_row):
            length = max((log10(value) - low) * scale, 1) if value > 0 else 0
            lines.append(f"<rect x='{_LEFT}' y='{y}' width='{length:.0f}' height='9' fill='{_COLORS[number]}'/>")
            lines.append(f"<text x='{_LEFT + length + 4:.0f}' y='{y + 9}' {_STYLE}>{_format(value)} {unit}</text>")
            y += _ROW // 2
        y += 8
    return "\n".join([*lines, "</svg>", ""])


def _draw_legend(series: Sequence[str]) -> list[str]:
    places = range(_LEFT + 200, _LEFT + _WIDTH, 120)
    return [
        f"<rect x='{x}' y='11' width='9' height='9' fill='{color}'/>"
        f"<text x='{x + 14}' y='20' {_STYLE}>{escape(name)}</text>"
        for x, color, name in zip(places, _COLORS, series, strict=False)
    ]


def _format(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
