"""Terms with a dotted line, which explain themselves to who points at them or comes by with the keyboard."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

TERMS = {
    "k_clean": ("K clean", "K-factor without flagged conversions."),
    "people": ("Clicks of people", "Clicks without bots, link previews, prefetches and scripts."),
    "stake": ("At stake", "Conversions and clicks credited to this, over the last 8 weeks."),
    "precision": ("Precision", "Of decided cases, the share judged fraud."),
}


def build_term(name: str, shown: str) -> Component:
    """The words `shown`, with what the term means."""
    title, meaning = TERMS[name]
    word = html.Span(shown, className="term", tabIndex="0")
    return dmc.Tooltip(
        html.Span(word),
        label=html.Span([html.Strong(title), html.Br(), meaning]),
        multiline=True,
        w=260,
        events={"hover": True, "focus": True, "touch": True},
        withArrow=True,
        boxWrapperProps={"className": "term-place"},
    )
