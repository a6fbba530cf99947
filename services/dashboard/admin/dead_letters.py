"""Work that failed for good or may have been sent: why, since when, and what a person can do about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.table import build_moment
from dashboard.links import report_path
from viral_contract.models.queues import DeadLetter
from viral_reports.figures import format_counted

Action = Literal["confirm", "retry", "discard"]
ActionId = Callable[[Action, str], dict[str, str]]


@dataclass(frozen=True)
class Choice:
    """One button: what it says, and what pressing it does."""

    action: Action
    label: str
    effect: str


_CHOICES: dict[str, tuple[Choice, ...]] = {
    "failed": (
        Choice("retry", "Try again", "It starts over, with all its attempts."),
        Choice("discard", "Discard", "It leaves this list and is never tried again."),
    ),
    "uncertain": (
        Choice("confirm", "It arrived", "It counts as sent. Ask the recipient, or look into the mail provider's log."),
        Choice("retry", "Send it again", "If it did arrive, the recipient gets it twice."),
        Choice("discard", "Discard", "It leaves this list and is never sent again. Whether it arrived stays unknown."),
    ),
}


def build_dead_letters(letters: Sequence[DeadLetter], total: int, action_id: ActionId) -> list[Component]:
    """One entry each, the newest first, of `total`; `action_id` makes the id of the button that does something."""
    if not letters and total:
        return [html.P("Nothing here waits any more. What does is on the pages before this one.", className="nothing")]
    if not letters:
        check = html.Span(className="icon icon-check", **{"aria-hidden": "true"})
        return [html.P([check, "Nothing has failed, and nothing is uncertain."], className="nothing")]
    shown = f"{len(letters)} of " if len(letters) < total else ""
    about = f"{shown}{format_counted(total, 'item')}. What you decide is kept in the audit log, with your name."
    return [
        build_hint(about),
        html.Ul([_build_letter(letter, action_id) for letter in letters], className="violations"),
    ]


def format_name(letter_id: str) -> str:
    """What an id stands for: "report-3" is "Report 3"."""
    return letter_id.replace("-", " ").capitalize()


def _build_letter(letter: DeadLetter, action_id: ActionId) -> Component:
    dot = html.Span(className="dot", **{"aria-hidden": "true"})
    state = html.Span([dot, letter.state.capitalize()], className=f"run delivery-{letter.state}")
    who = html.Div([html.H3(_build_title(letter)), html.P(letter.what[:1].upper() + letter.what[1:])])
    since = html.P(["since ", build_moment(letter.failed_at), " UTC"], className="row-note")
    tried = html.P(f"after {format_counted(letter.attempts, 'attempt')}", className="row-note")
    reason = html.Div(letter.reason, className="reason")
    return html.Li(
        [who, html.Div([state, since, tried]), reason, _build_decision(letter, action_id)], className="violation"
    )


def _build_title(letter: DeadLetter) -> Component | str:
    kind, _, number = letter.id.rpartition("-")
    name = format_name(letter.id)
    return dcc.Link(name, href=report_path(int(number))) if kind == "report" else name


def _build_decision(letter: DeadLetter, action_id: ActionId) -> Component:
    name = html.Span(f" about {format_name(letter.id)}", className="visually-hidden")
    choices = [_build_choice(choice, letter, action_id) for choice in _CHOICES[letter.state]]
    return html.Details([html.Summary(["Decide", name]), *choices], className="resolve")


def _build_choice(choice: Choice, letter: DeadLetter, action_id: ActionId) -> Component:
    whose = html.Span(f": {format_name(letter.id)}", className="visually-hidden")
    button = html.Button([choice.label, whose], id=action_id(choice.action, letter.id), className="button")
    return html.Div([button, build_hint(choice.effect)], className="choice-of-action")
