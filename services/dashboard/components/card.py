"""The frame that every card has: a heading, and below it what the card says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.period import Filter

NO_FIGURE = "No data"
Data_contra = TypeVar("Data_contra", contravariant=True)


@dataclass(frozen=True)
class Card(Generic[Data_contra]):
    """A card of a live page. Its width is set in the css of its feature under `card-<slug>`.

    `height` in pixels is what its skeleton takes until the first data is there. A control stands beside the heading and
    stays as it is when data comes. With a key figure, the card is one line on a phone until it is opened. One that
    `begins` at times stays where it began until the page is left, and stands nowhere else. It heeds the `filters`, and
    says so where it shows everything despite another one.
    """

    slug: str
    heading: str
    height: int
    build_body: Callable[[Data_contra], list[Component]]
    build_control: Callable[[], Component] | None = None
    format_figure: Callable[[Data_contra], str] | None = None
    begins: Callable[[Data_contra], bool] | None = None
    filters: Sequence[Filter] = ()


def build_skeleton(card: Card[Any]) -> Component:
    """The card before its first data, as high as it will be."""
    blank = [build_blank(card.height)]
    if card.format_figure:
        return _build_folding_frame(card.slug, card.heading, blank)
    return build_frame(card.slug, card.heading, blank, card.build_control() if card.build_control else None)


def build_blank(height: int) -> Component:
    """A grey area in the place of what is still to come."""
    return dmc.Skeleton(height=height, radius=6, className="skeleton")


def body_id(slug: str) -> str:
    """The id of the part of a card that changes."""
    return f"{slug}-body"


def figure_id(slug: str) -> str:
    """The id of the key figure of a card that folds."""
    return f"{slug}-figure"


def build_frame(slug: str, heading: str, body: list[Component], control: Component | None = None) -> Component:
    """A section named by its heading."""
    title = _build_heading(slug, heading)
    head = title if control is None else html.Div([title, control], className="card-head")
    return _build_section(slug, [head, html.Div(body, id=body_id(slug), className="card-body")])


def _build_folding_frame(slug: str, heading: str, body: list[Component]) -> Component:
    """The same as `details`, which the browser opens where there is room."""
    figure = html.Span(id=figure_id(slug), className="fold-figure")
    chevron = html.Span(className="icon icon-chevron", **{"aria-hidden": "true"})
    summary = html.Summary([_build_heading(slug, heading), figure, chevron])
    return _build_section(
        slug, [html.Details([summary, html.Div(body, id=body_id(slug), className="card-body")], className="fold")]
    )


def _build_heading(slug: str, heading: str) -> Component:
    return html.H2(heading, id=f"{slug}-heading", className="card-heading")


def _build_section(slug: str, parts: list[Component]) -> Component:
    return html.Section(parts, className=f"card card-{slug}", **{"aria-labelledby": f"{slug}-heading"})


def build_hint(*text: Component | str) -> Component:
    """A quiet line below the heading."""
    return html.P(list(text), className="hint")


def build_no_traffic() -> Component:
    """What a detector's card says when it found nothing."""
    check = html.Span(className="icon icon-check", **{"aria-hidden": "true"})
    return html.P([check, "No flagged traffic in this period"], className="nothing")


def build_no_data() -> Component:
    """What a card says when there was nothing to look at, which is not the same as good health."""
    return html.P("No data in this period", className="nothing")


def build_not_kept() -> Component:
    """What a card says of dates that are purged: nothing flagged is known, which is neither good nor bad."""
    text = "Not available: only totals are kept for some dates in this period, not what was flagged."
    return html.P(text, className="nothing")


def build_kpis(*kpis: tuple[str, str]) -> Component:
    """Figures side by side, each as (value, what it counts)."""
    items = [html.Div([html.Dt(label), html.Dd(value)], className="kpi") for value, label in kpis]
    return html.Dl(items, className="kpis")
