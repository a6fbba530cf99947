"""The frame that every card has: a heading, and below it what the card says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

Data_contra = TypeVar("Data_contra", contravariant=True)


@dataclass(frozen=True)
class Card(Generic[Data_contra]):
    """A card of a live page. Its width is set in the css of its feature under `card-<slug>`.

    `height` in pixels is what its skeleton takes until the first data is there. A control stands beside the heading and
    stays as it is when data comes.
    """

    slug: str
    heading: str
    height: int
    build_body: Callable[[Data_contra], list[Component]]
    build_control: Callable[[], Component] | None = None


def build_skeleton(card: Card[Any]) -> Component:
    """The card before its first data, as high as it will be."""
    control = card.build_control() if card.build_control else None
    return build_frame(card.slug, card.heading, [build_blank(card.height)], control)


def build_blank(height: int) -> Component:
    """A grey area in the place of what is still to come."""
    return dmc.Skeleton(height=height, radius=6, className="skeleton")


def body_id(slug: str) -> str:
    """The id of the part of a card that changes."""
    return f"{slug}-body"


def build_frame(slug: str, heading: str, body: list[Component], control: Component | None = None) -> Component:
    """A section named by its heading."""
    heading_id = f"{slug}-heading"
    title = html.H2(heading, id=heading_id, className="card-heading")
    return html.Section(
        [
            html.Div([title, control], className="card-head") if control is not None else title,
            html.Div(body, id=body_id(slug), className="card-body"),
        ],
        className=f"card card-{slug}",
        **{"aria-labelledby": heading_id},
    )


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
