"""What stands around the rows of a list: filters above, what can be done with selected rows, pages below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.address_controls import control_id
from dashboard.components.icons import build_icon
from dashboard.lists.paging import SIZES
from viral_reports.figures import format_count

ANY = "any"


@dataclass(frozen=True)
class Choice:
    """A filter by one of a few values, of which the first filters nothing.

    Tabs say how many rows each has. Those that are extra wait behind a button.
    """

    name: str
    label: str
    words: Mapping[str, str]
    are_tabs: bool = False
    is_extra: bool = False

    @property
    def default(self) -> str:
        """The value that the address leaves out."""
        return next(iter(self.words))


@dataclass(frozen=True)
class Toolbar:
    """The filters of a list; `search` says what a text is looked for in."""

    search: str = ""
    choices: Sequence[Choice] = field(default_factory=tuple)

    @property
    def defaults(self) -> dict[str, str]:
        """What each filter is where the address leaves it out."""
        return {**({"q": ""} if self.search else {}), **{each.name: each.default for each in self.choices}}

    @property
    def tabs(self) -> Choice | None:
        """The filter that stands as tabs."""
        return next((each for each in self.choices if each.are_tabs), None)

    @property
    def has_extra(self) -> bool:
        """Whether filters wait behind the button."""
        return any(each.is_extra for each in self.choices)

    def count_extra(self, filters: Mapping[str, str]) -> int:
        """How many of the filters wait behind the button."""
        return sum(each.is_extra and each.name in filters for each in self.choices)

    def find_filters(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The filters among what the address names, without those that filter nothing."""
        given = {name: wanted.get(name, "").strip() for name in self.defaults}
        return {name: value for name, value in given.items() if value and value != self.defaults[name]}

    def format_filters(self, filters: Mapping[str, str]) -> str:
        """The filters in words: "“usr_zz”, finding Rotating"."""
        text = [f"“{filters['q']}”"] if "q" in filters else []
        chosen = [
            f"{each.label.lower()} {each.words.get(filters[each.name], filters[each.name])}"
            for each in self.choices
            if each.name in filters
        ]
        return ", ".join([*text, *chosen])


def build_toolbar(slug: str, toolbar: Toolbar, export_path: str | None, columns: Sequence[str] = ()) -> Component:
    """The filters, the choice of columns, and the way to a file of all rows."""
    parts = [*_build_tabs(slug, toolbar.tabs), *_build_search(slug, toolbar.search)]
    choices = [build_choice(slug, each) for each in toolbar.choices if not (each.are_tabs or each.is_extra)]
    extra = [build_choice(slug, each) for each in toolbar.choices if each.is_extra]
    more = [_build_panel(f"{slug}-filters", "plus", "Filter", extra, html.Span(id=f"{slug}-filtered"))] if extra else []
    shown = [_build_panel(f"{slug}-columns", "columns", "Columns", _build_columns(columns))] if columns else []
    export = [_build_export(slug, export_path)] if export_path else []
    return html.Div(
        [*parts, *choices, *more, *shown, *export], className="toolbar", role="search", **{"aria-label": "Filter"}
    )


def _build_panel(name: str, icon: str, label: str, body: Sequence[Component], *beside: Component) -> Component:
    """A button that opens what stands in no row of the toolbar."""
    button = html.Button(
        [build_icon(icon), label, *beside], className="button", type="button", **{"aria-haspopup": "dialog"}
    )
    panel = html.Div(list(body), className="toolbar-panel", role="dialog", **{"aria-label": label})
    return dmc.Popover(
        [dmc.PopoverTarget(button), dmc.PopoverDropdown(panel)],
        id=name,
        position="bottom-end",
        # They would stand on an element around the button.
        withRoles=False,
        trapFocus=True,
        returnFocus=True,
        withinPortal=False,
        # What is in it keeps the address also while it is closed.
        keepMounted=True,
        transitionProps={"duration": 0},
    )


def _build_columns(columns: Sequence[str]) -> list[Component]:
    """A box for each column that can be left out; assets/lists.js remembers which are, in this browser."""
    return [
        html.Button(
            [html.Span(build_icon("check"), className="select-box"), name],
            className="column-choice",
            type="button",
            role="checkbox",
            **{"aria-checked": "true", "data-column": name},
        )
        for name in columns
    ]


def _build_tabs(slug: str, tabs: Choice | None) -> list[Component]:
    if tabs is None:
        return []
    control = dmc.SegmentedControl(
        id=control_id(slug, tabs.name),
        data=label_tabs(tabs, {}),
        value=tabs.default,
        className="period",
        **{"aria-label": tabs.label},
    )
    return [html.Div(control, className="toolbar-tabs")]


def label_tabs(tabs: Choice, counts: Mapping[str, int]) -> list[dict[str, str]]:
    """The tabs as their control takes them, with how many rows each has."""
    return [
        {"value": value, "label": f"{word} {format_count(counts[value])}" if value in counts else word}
        for value, word in tabs.words.items()
    ]


def _build_search(slug: str, placeholder: str) -> list[Component]:
    if not placeholder:
        return []
    text = dmc.TextInput(
        id=control_id(slug, "q"),
        placeholder=placeholder,
        value="",
        leftSection=build_icon("search"),
        className="toolbar-search",
        **{"aria-label": placeholder},
    )
    return [text]


def build_choice(slug: str, choice: Choice) -> Component:
    """The select of a filter, whose label stands in its field."""
    return dmc.Select(
        id=control_id(slug, choice.name),
        data=[{"value": value, "label": word} for value, word in choice.words.items()],
        value=choice.default,
        allowDeselect=False,
        leftSection=html.Span(choice.label),
        className="toolbar-choice",
        # The label stands in the field, so that the field's text begins behind it.
        leftSectionWidth=16 + 7 * len(choice.label),
        # Outside of the panel of filters, options would close it when they are pressed, before they are chosen.
        comboboxProps={"width": "max-content", "position": "bottom-start", "withinPortal": not choice.is_extra},
        **{"aria-label": choice.label},
    )


def _build_export(slug: str, path: str) -> Component:
    label = [build_icon("download"), "CSV"]
    return html.A(label, id=f"{slug}-export", href=path, className="button", **{"data-download": "true"})


def build_selection(
    slug: str, actions: Sequence[Component], sums: Component | None = None, *, has_file: bool
) -> Component:
    """The bar that assets/lists.js shows while rows are selected, with the actions for those who may act.

    `sums` is where it says what the rows come to.
    """
    file = html.Button("CSV", id=f"{slug}-selected-csv", className="button button-small", type="button")
    clear = html.Button(
        ["Clear", html.Kbd("Esc")],
        className="button button-small button-ghost",
        type="button",
        **{"data-selection": "clear"},
    )
    everything = html.Button("", className="link-button", type="button", hidden=True, **{"data-selection": "all"})
    return html.Div(
        [
            html.Strong("", **{"data-selection": "count"}),
            *([] if sums is None else [sums]),
            everything,
            html.Span(className="space"),
            html.Span(list(actions), className="bulk-actions"),
            *([file] if has_file else []),
            clear,
        ],
        id=f"{slug}-selection",
        className="bulk",
        hidden=True,
        role="region",
        **{"aria-label": "Selection"},
    )


def build_sums(sums: Mapping[str, str] | None) -> Component | None:
    """Where assets/lists.js says what selected rows come to.

    `sums` names the figures to add up, `kinds` whether rows are of kinds that are nouns or other words, `ending` what
    follows.
    """
    if sums is None:
        return None
    return html.Span(className="selected-sums", **{f"data-{name}": value for name, value in sums.items()})


def build_pager(slug: str) -> Component:
    """How much is shown, how many rows a page has, and the ways to other pages."""
    rows = dmc.Select(
        id=control_id(slug, "limit"),
        data=[str(size) for size in SIZES],
        value=str(SIZES[0]),
        allowDeselect=False,
        leftSection=html.Span("Rows"),
        leftSectionWidth=46,
        className="toolbar-choice pager-size",
        **{"aria-label": "Rows"},
    )
    return html.Div(
        [
            html.Span(id=f"{slug}-showing", role="status"),
            html.Span(className="space"),
            rows,
            html.Span(id=f"{slug}-ways", className="pager-ways"),
        ],
        id=f"{slug}-pager",
        className="pager",
        hidden=True,
    )
