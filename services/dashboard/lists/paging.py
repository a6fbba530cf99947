"""Pages of a list in its address: cursors lead on, and the trail of those before leads back."""

from collections.abc import Mapping
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.icons import build_icon
from viral_reports.figures import format_count

SIZES = (25, 50, 100)
# An address is not endless; from further on, the way back leads to the first page.
_LONGEST_TRAIL = 12
_SEPARATOR = "~"


def read_size(wanted: Mapping[str, str]) -> int:
    """How many rows a page has."""
    given = wanted.get("limit", "")
    return int(given) if given in map(str, SIZES) else SIZES[0]


def format_showing(shown: int, total: int, before: int) -> list[Component | str]:
    """How many rows are shown of how many, and how many follow."""
    rest = total - before - shown
    more = [f" · {format_count(rest)} more"] if rest > 0 else []
    return [html.Strong(f"Showing {format_count(shown)} of {format_count(total)}"), *more]


def build_ways(path: str, wanted: Mapping[str, str], next_cursor: str | None, total: int) -> list[Component | str]:
    """The page's number, and the ways to the page before and the next one."""
    number, size = read_page(wanted), read_size(wanted)
    pages = max(number, -(-total // size))
    return [
        html.Span(f"Page {format_count(number)} of {format_count(pages)}"),
        _build_way("previous", "Previous page", path, _find_previous(wanted) if number > 1 else None),
        _build_way("next", "Next page", path, _find_next(wanted, next_cursor) if next_cursor else None),
    ]


def read_page(wanted: Mapping[str, str]) -> int:
    """The number of the page, from 1."""
    given = wanted.get("page", "")
    return int(given) if given.isascii() and given.isdecimal() and "cursor" in wanted and int(given) > 1 else 1


def _find_next(wanted: Mapping[str, str], cursor: str) -> dict[str, str]:
    trail = [*_read_trail(wanted), *filter(None, [wanted.get("cursor")])][-_LONGEST_TRAIL:]
    return _format_page(wanted, read_page(wanted) + 1, [*trail, cursor])


def _find_previous(wanted: Mapping[str, str]) -> dict[str, str]:
    return _format_page(wanted, read_page(wanted) - 1, _read_trail(wanted))


def _read_trail(wanted: Mapping[str, str]) -> list[str]:
    return [each for each in wanted.get("trail", "").split(_SEPARATOR) if each]


def _format_page(wanted: Mapping[str, str], number: int, cursors: list[str]) -> dict[str, str]:
    """The address of the page that begins at the last of the cursors, the first page where there is none."""
    kept = {name: value for name, value in wanted.items() if name not in ("cursor", "trail", "page")}
    if not cursors:
        return kept
    *trail, cursor = cursors
    return {**kept, "cursor": cursor, "page": str(number), **({"trail": _SEPARATOR.join(trail)} if trail else {})}


def _build_way(icon: str, label: str, path: str, query: Mapping[str, str] | None) -> Component:
    if query is None:
        return html.Button(
            build_icon(icon), className="button button-small button-square", disabled=True, **{"aria-label": label}
        )
    name = html.Span(label, className="visually-hidden")
    href = f"{path}?{urlencode(query)}" if query else path
    return dcc.Link([build_icon(icon), name], href=href, className="button button-small button-square")
