"""Tables of flagged traffic, on cards and on pages of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.formats import format_masked
from dashboard.links import investigation_path
from viral_contract.models.investigations import EntityKind
from viral_reports.dates import format_day_of_year


@dataclass(frozen=True)
class Column:
    """A column's heading; figures stand at the right, and a phone has no room for minor ones."""

    heading: str
    is_figure: bool = False
    is_minor: bool = False

    @property
    def class_name(self) -> str:
        """The class of the column's cells."""
        kind = "figure" if self.is_figure else "words"
        return f"{kind} minor" if self.is_minor else kind


@dataclass(frozen=True)
class RowGroup:
    """Some rows of a table under a heading of their own, or the first ones without."""

    heading: list[Component | str] | None
    rows: Sequence[Sequence[Component | str]]


def build_columns(first: str, *figures: str) -> tuple[Column, ...]:
    """What a row is about, then its figures."""
    return Column(first), *(Column(heading, is_figure=True) for heading in figures)


def build_table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[Component | str]]) -> Component:
    """A table whose first column names the row; `caption` is for screen readers."""
    return _build_frame(caption, columns, [html.Tbody([_build_row(columns, row) for row in rows])])


def build_grouped_table(caption: str, columns: Sequence[Column], groups: Iterable[RowGroup]) -> Component:
    """A table whose rows stand in groups, each under its heading; the keyboard can move it where it is too wide."""
    return _make_movable(_build_frame(caption, columns, [_build_group(columns, group) for group in groups]), caption)


def _build_frame(caption: str, columns: Sequence[Column], bodies: list[Component]) -> Component:
    head = html.Tr([html.Th(column.heading, scope="col", className=column.class_name) for column in columns])
    table = html.Table(
        [html.Caption(caption, className="visually-hidden"), html.Thead(head), *bodies], className="table"
    )
    return html.Div(table, className="table-frame")


def _build_group(columns: Sequence[Column], group: RowGroup) -> Component:
    if group.heading is None:
        return html.Tbody([_build_row(columns, row) for row in group.rows])
    minor = sum(column.is_minor for column in columns)
    heading = html.Th(group.heading, scope="rowgroup", colSpan=len(columns) - minor, className="row-group")
    # A heading over the columns that a phone hides, too, would keep their place there.
    rest = [html.Td(colSpan=minor, className="minor")] if minor else []
    return html.Tbody([html.Tr([heading, *rest]), *(_build_row(columns, row) for row in group.rows)])


def build_wide_table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[Component | str]]) -> Component:
    """A table that may be wider than a phone, so that the keyboard must be able to move it."""
    return _make_movable(build_table(caption, columns, rows), caption)


def _make_movable(frame: Component, caption: str) -> Component:
    frame.tabIndex = "0"
    frame.role = "group"
    setattr(frame, "aria-label", caption)
    return frame


def _build_row(columns: Sequence[Column], cells: Sequence[Component | str]) -> Component:
    name, *rest = cells
    others = zip(columns[1:], rest, strict=True)
    return html.Tr(
        [
            html.Th(name, scope="row", className="words"),
            *[html.Td(cell, className=column.class_name) for column, cell in others],
        ]
    )


def build_identifier(identifier: str) -> Component:
    """An address or a fingerprint; what does not fit its column is cut off and shown in full by the title."""
    return html.Span(identifier, className="identifier", title=identifier)


def build_suspect(kind: EntityKind, shown: str, ref: str, search: str, alias: str = "") -> Component:
    """An address or a fingerprint that leads to its investigation over the period of `search`."""
    shown = format_masked(shown, alias)
    return dcc.Link(shown, href=investigation_path(kind, ref, search), className="identifier", title=shown)


def build_moment(moment: datetime) -> Component:
    """Date and time of day, which stand below each other where there is little room."""
    moment = moment.astimezone(UTC)
    parts = [html.Span(format_day_of_year(moment.date())), " ", html.Span(f"{moment:%H:%M:%S}")]
    return html.Time(parts, dateTime=moment.isoformat(), className="moment")


def build_way_on(path: str, query: Mapping[str, str | int], label: str) -> Component:
    """The link from some rows to the next ones; `label` says how many of what: "50 rows"."""
    return dcc.Link(f"Next {label}", href=f"{path}?{urlencode(query)}", className="button")


def build_link_to_all(label: str, path: str) -> Component:
    """The link from a card to the page with every row."""
    arrow = html.Span(className="icon icon-arrow", **{"aria-hidden": "true"})
    return dcc.Link([label, arrow], href=path, className="link-to-all")
