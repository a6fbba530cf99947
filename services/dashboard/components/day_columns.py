"""Columns by day side by side: how many of them can be labeled and counted."""

from collections.abc import Sequence
from math import ceil

from dash import html
from dash.development.base_component import Component

_MOST_LABELS = 7
_MOST_COUNTS = 14


def is_labeled(at: int, days: int) -> bool:
    """Whether the column with this number has a label, of so many days."""
    return at % ceil(days / _MOST_LABELS) == 0


def build_day_columns(columns: Sequence[Component], *, role: str, about: str) -> Component:
    """The columns, closer and without counts where they are many; `about` says the chart in one sentence."""
    crowded = " stacks-crowded" if len(columns) > _MOST_LABELS else ""
    uncounted = " stacks-uncounted" if len(columns) > _MOST_COUNTS else ""
    return html.Div(list(columns), className=f"stacks{crowded}{uncounted}", role=role, **{"aria-label": about})
