"""The keys of a list: the usual ones below its rows, and all of them in a window that a question mark opens."""

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

_USUAL = {"J": "next", "K": "previous", "Enter": "open", "/": "search everything", "?": "all shortcuts"}
_SELECTING = {"X": "select"}
_ALL = {"J": "Next row", "K": "Previous row", "Enter": "Open the row"}
_ALWAYS = {"/": "Search everything", "?": "This list"}
_VERDICT_HINTS = {"F": "fraud", "L": "legitimate", "U": "unsure", "Z": "undo"}
_VERDICT_KEYS = {
    "F": "Fraud: the current row, or all that are selected",
    "L": "Legitimate",
    "U": "Unsure",
    "Z": "Undo the last verdict",
    "Enter": "Open the row, or save the verdict",
}


def build_keys(*, selects: bool, decides: bool = False) -> list[Component]:
    """The keys below the rows, and the window with all of them; assets/lists.js opens it."""
    hints = {**_USUAL, **(_SELECTING if selects else {}), **(_VERDICT_HINTS if decides else {})}
    return [
        html.P([html.Span([html.Kbd(key), hints[key]]) for key in _order(hints)], className="keys"),
        _build_shortcuts(selects=selects, decides=decides),
    ]


def _build_shortcuts(*, selects: bool, decides: bool) -> Component:
    selecting = {"X": "Select the row", "Esc": "Clear the selection"} if selects else {}
    words = {**_ALL, **selecting, **(_VERDICT_KEYS if decides else {}), **_ALWAYS}
    rows = [part for key in _order(words) for part in (html.Dt(html.Kbd(key)), html.Dd(words[key]))]
    heading = html.H2("Keyboard shortcuts", id="shortcuts-heading", className="card-heading")
    close = html.Button("Close", className="button", type="button", **{"data-close": "true"})
    return html.Dialog(
        [heading, html.Dl(rows), close],
        className="shortcuts",
        **{"aria-labelledby": "shortcuts-heading", "data-shortcuts": "true"},
    )


def _order(words: Mapping[str, str]) -> list[str]:
    """The keys as one learns them."""
    return [key for key in ("J", "K", "X", "Enter", "F", "L", "U", "Z", "/", "Esc", "?") if key in words]
