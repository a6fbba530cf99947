"""Controls that several pages have: a choice of one value, and actions that are folded away."""

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component


def build_select(
    select_id: str | dict[str, str], label: str, words: Mapping[Any, str], value: str | None = None, **look: Any
) -> Component:
    """The choice of one of the values that `words` name, at first `value` or else the first of them."""
    choices = [{"value": each, "label": said} for each, said in words.items()]
    chosen = choices[0]["value"] if value is None else value
    return dmc.Select(id=select_id, label=label, data=choices, value=chosen, allowDeselect=False, **look)


def build_segments(segments_id: str, label: str, words: Mapping[str, str], value: str) -> Component:
    """The choice of one of a few values, all in sight."""
    choices = [{"value": each, "label": said} for each, said in words.items()]
    return dmc.SegmentedControl(id=segments_id, data=choices, value=value, className="period", **{"aria-label": label})


def build_folded(label: str, about: str, *body: Component | None, look: str = "resolve") -> Component:
    """Actions folded away, so that nothing is done by one careless press; `about` names their row to screen readers."""
    summary = html.Summary([label, html.Span(f" {about}", className="visually-hidden")])
    return html.Details([summary, *body], className=look)
