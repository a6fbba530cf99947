"""A table whose heads sort and whose rows can be selected; assets/lists.js does both in the browser."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dash import html
from dash.development.base_component import Component

from dashboard.components.icons import build_icon

Order = Literal["asc", "desc"]
Phone = Literal["name", "figure", "note", "end"]
ALL = "*"
"""The key that selects all rows that the filters leave."""
CsvValue = str | int | float | None


@dataclass(frozen=True)
class ListColumn:
    """A column; `sort` is what the API calls its order, `first` the direction of the first press on its head.

    Columns of `rank` 2 leave where there is little room, those of 3 where there is less. A phone shows a row on two
    lines: those with a place there.
    """

    heading: str
    sort: str | None = None
    first: Order = "desc"
    is_figure: bool = False
    rank: Literal[1, 2, 3] = 1
    phone: Phone | None = None
    unit: str = ""

    @property
    def class_name(self) -> str:
        """The class of the column's cells."""
        names = ("figure" if self.is_figure else "words", f"rank-{self.rank}", f"phone-{self.phone or 'none'}")
        return " ".join(names)


@dataclass(frozen=True)
class ListRow:
    """A row: what selects it, what screen readers call it, its cells, and the same as a line of a file.

    `marks` are attributes that the browser reads of it.
    """

    key: str
    label: str
    cells: Sequence[Component | str]
    record: Mapping[str, CsvValue] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)


def build_sorted_table(
    caption: str, columns: Sequence[ListColumn], rows: Sequence[ListRow], sort: str, order: Order, *, selects: bool
) -> Component:
    """The table in its order; with `selects` each row has a box."""
    head = html.Tr([*_build_box_head(selects), *(_build_head(column, sort, order) for column in columns)])
    body = [_build_row(columns, row, selects=selects) for row in rows]
    parts = [html.Caption(caption, className="visually-hidden"), html.Thead(head), html.Tbody(body)]
    return html.Div(html.Table(parts, className="table list-table"), className="table-frame")


def _build_box_head(selects: bool) -> Iterator[Component]:
    if selects:
        yield html.Th(build_box("all", "Select page"), className="select-cell", scope="col")


def _build_head(column: ListColumn, sort: str, order: Order) -> Component:
    if column.sort is None:
        return html.Th(column.heading, scope="col", className=column.class_name, **{"data-heading": column.heading})
    is_sorted = column.sort == sort
    turned: Order = ("asc" if order == "desc" else "desc") if is_sorted else column.first
    arrow = html.Span("↓" if order == "desc" else "↑", className="arrow", **{"aria-hidden": "true"})
    button = html.Button(
        [column.heading, *([arrow] if is_sorted else [])],
        className="sort",
        type="button",
        **{"data-sort": column.sort, "data-order": turned},
    )
    state = ("descending" if order == "desc" else "ascending") if is_sorted else "none"
    look = f"{column.class_name} sorted" if is_sorted else column.class_name
    return html.Th(button, scope="col", className=look, **{"aria-sort": state, "data-heading": column.heading})


def _build_row(columns: Sequence[ListColumn], row: ListRow, *, selects: bool) -> Component:
    name, *rest = row.cells
    box = [html.Td(build_box(row.key, f"Select {row.label}"), className="select-cell")] if selects else []
    cells = [
        html.Th(name, scope="row", className=columns[0].class_name),
        *(
            html.Td(cell, className=column.class_name, **_name_unit(column, cell))
            for column, cell in zip(columns[1:], rest, strict=True)
        ),
    ]
    return html.Tr([*box, *cells], key=row.key, tabIndex="-1", **{"data-row": row.key, **row.marks})


def _name_unit(column: ListColumn, cell: Component | str) -> dict[str, str]:
    """What the figure counts, which phones show beside it."""
    unit = column.unit.removesuffix("s") if cell == "1" else column.unit
    return {"data-unit": unit} if unit else {}


def build_box(key: str, label: str) -> Component:
    """A box that the browser itself ticks: of the row with this key, or of all of them."""
    return html.Button(
        build_icon("check"),
        className="select-box",
        role="checkbox",
        type="button",
        **{"aria-checked": "false", "aria-label": label, "data-check": key},
    )
