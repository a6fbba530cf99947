"""Terms with a dotted line, which explain themselves to who points at them or comes by with the keyboard."""

from dataclasses import dataclass

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component


@dataclass(frozen=True)
class Term:
    """A word that pages use, what it means, and how it is computed where that is not clear from it."""

    title: str
    meaning: str
    formula: str = ""


TERMS = {
    "people": Term("Clicks of people", "Clicks without bots, link previews, prefetches and scripts."),
    "honest_k": Term(
        "Honest K",
        "New users each user brings within 28 days of signing up, without flagged ones. Growth carries itself at 1.",
        "Referred signups / users who signed up in the weeks whose 28 days are over.",
    ),
    "k_factor": Term(
        "K-factor",
        "Conversions per user who invited in this period. Depends on the length of the period.",
        "Conversions / users who created an invite.",
    ),
    "k_clean": Term("K clean", "K-factor without flagged conversions."),
    "conversions_per_user": Term("Conversions per user", "Referred conversions within 28 days per user."),
    "by_share": Term(
        "By share of clicks",
        "The score from the share of clicks flagged instead of the number of networks. It keeps moving where the count "
        "has reached its maximum.",
    ),
    "shared_network": Term("Shared network", "Many people behind one address, such as a school. Not counted as fraud."),
    "rotating": Term("Rotating", "One network with a new device for nearly every click."),
    "stake": Term("At stake", "Conversions and clicks credited to this, over the last 8 weeks."),
    "precision": Term("Precision", "Of decided cases, the share judged fraud."),
    "dispersion": Term(
        "Dispersion k",
        "How evenly inviting is spread. Below 1: a few users do most of it.",
        "k of a negative binomial, fitted to the conversions of each inviting user.",
    ),
    "z": Term("z", "Distance from the expected value, in usual daily swings."),
}


def build_term(name: str, shown: str) -> Component:
    """The words `shown`, with what the term means."""
    term = TERMS[name]
    word = html.Span(shown, className="term", tabIndex="0")
    formula = [html.Br(), f"How it is computed: {term.formula}"] if term.formula else []
    return dmc.Tooltip(
        html.Span(word),
        label=html.Span([html.Strong(term.title), html.Br(), term.meaning, *formula]),
        multiline=True,
        w=260,
        events={"hover": True, "focus": True, "touch": True},
        withArrow=True,
        boxWrapperProps={"className": "term-place"},
    )
