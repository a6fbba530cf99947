"""What a page of lists and forms is, what it shows at one moment, and what comes of its buttons.

A page itself is its columns and words: cards, each drawn from the API's answers, and forms and buttons in rows that
change what they show. The frame keeps out who may not look, says what the API refuses, empties a form once it is saved,
and draws only what changed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import structlog
from dash import html, no_update
from dash.development.base_component import Component
from pydantic import BaseModel, ValidationError

from dashboard.components.card import build_hint
from dashboard.components.filter_form import FilterForm
from dashboard.components.messages import NO_DATA_PROBLEM, build_failure, format_refresh_problem
from dashboard.components.table import build_way_on
from dashboard.errors import API_FAILURES, format_failure, format_invalid, is_refused
from dashboard.formats import format_clock
from dashboard.live.view import find_digest
from dashboard.period import InvalidPeriodError, keep_period, read_search
from dashboard.session import current_viewer
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope

# What the address of a page names: cursors, filters.
Wanted = Mapping[str, str]
Drawn = Mapping[str, list[Component] | str]
Row = str | int
Model = TypeVar("Model", bound=BaseModel)
_log = structlog.get_logger()


class RefusedError(Exception):
    """An action is not done, with what to say about it."""

    def __init__(self, said: Any) -> None:
        super().__init__(said)
        self.said = said


@dataclass(frozen=True)
class Done:
    """What came of an action: what to say, what to show this once, what to download."""

    said: str
    once: list[Component] = field(default_factory=list)
    file: Any = no_update


@dataclass(frozen=True)
class Form:
    """A form: `save` takes its fields by name, and `empty` is what some of them hold once it is saved.

    One without `save` is only shown and hidden by the frame; what it does is up to its page.
    """

    name: str
    heading: str
    build: Callable[[], list[Component]]
    fields: tuple[str, ...] = ()
    empty: Mapping[str, Any] = field(default_factory=dict)
    save: Callable[..., Done] | None = None


@dataclass(frozen=True)
class ListPage:
    """A page: `cards` are the headings of lists by name, and forms, from top to bottom.

    `draw` gives the body of each list; one that it leaves out is hidden. With `filters`, it also gives under "found"
    what they have left. Who lacks the scope gets
    no forms, and instead of lists the sentence `only`, if there is one. `act` does what a button in a row says.
    """

    path: str
    slug: str
    title: str
    about: str
    draw: Callable[[MetricsApi, Wanted], Drawn]
    cards: Sequence[tuple[str, str] | Form]
    only: str = ""
    act: Callable[[MetricsApi, str, Any], Done] | None = None
    scope: Scope = Scope.ADMIN
    above: tuple[str, str] | None = None
    poll_seconds: int | None = None
    filters: FilterForm | None = None

    @property
    def all_cards(self) -> Sequence[tuple[str, str] | Form]:
        """The cards below that of the filters, if there are any."""
        return [*([Form("filter", "Filter", self.filters.build)] if self.filters else []), *self.cards]

    @property
    def lists(self) -> dict[str, str]:
        """The headings of the lists by their names."""
        return {card[0]: card[1] for card in self.cards if not isinstance(card, Form)}

    @property
    def forms(self) -> dict[str, Form]:
        """The forms by their names."""
        return {card.name: card for card in self.all_cards if isinstance(card, Form)}

    @property
    def bodies(self) -> list[str]:
        """The names of what `draw` gives."""
        return [*self.lists, *["found"] * bool(self.filters)]

    @property
    def changes(self) -> bool:
        """Whether the frame has anything to do but to show."""
        return self.act is not None or any(form.save for form in self.forms.values())


def build_next(
    path: str, wanted: Mapping[str, str | int], cursor: str | None, label: str, parameter: str = "cursor"
) -> list[Component]:
    """The link to the rows from the cursor on, if there are any; the rest of the address stays."""
    return [build_way_on(path, {**wanted, parameter: cursor}, label)] if cursor else []


def build_rows(about: str, rows: Sequence[Component], more: Sequence[Component], nothing: str) -> list[Component]:
    """A list: what to say of all of it, its rows, and the way to more of them; `nothing` where there are none."""
    if not rows:
        return [html.P(nothing, className="nothing")]
    return [build_hint(about), html.Ul(list(rows), className="violations"), *more]


def check(model: type[Model], values: Mapping[str, Any]) -> Model:
    """What a form says, as the API takes it. Raises RefusedError."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise RefusedError(f"Nothing was changed: {format_invalid(error)}.") from error


def show(
    listed: ListPage, api: MetricsApi, search: str | None, shown: Mapping[str, Any] | None = None, *, now: datetime
) -> dict[str, Any]:
    """What to change on a page that shows `shown`; a failed refresh leaves what is there."""
    try:
        may_change = current_viewer().may(listed.scope)
        if listed.only and not may_change:
            return _replace(listed, html.P(listed.only), rests=True)
        drawn = listed.draw(api, read_search(search))
    except (InvalidPeriodError, *API_FAILURES) as error:
        failure = build_failure(error, listed.path + (search or ""), cleared=listed.path + keep_period(search))
        if isinstance(error, InvalidPeriodError) or is_refused(error):
            return _replace(listed, failure, rests=True)
        _log.warning("page_failed", page=listed.path, reason=str(error))
        if shown and shown["search"] == (search or ""):
            return {**_keep(listed), "problem_hidden": False}
        return _replace(listed, failure, rests=False)
    return _update(listed, search, shown, drawn, may_change=may_change, now=now)


def _update(
    listed: ListPage,
    search: str | None,
    shown: Mapping[str, Any] | None,
    drawn: Drawn,
    *,
    may_change: bool,
    now: datetime,
) -> dict[str, Any]:
    digests = {name: find_digest(body) for name, body in drawn.items()}
    known = shown["digests"] if shown else {}
    new = {name: body for name, body in drawn.items() if known.get(name) != digests[name]}
    return {
        "notice": [],
        "bodies": {**_keep(listed)["bodies"], **new},
        "hidden": {name: name not in drawn for name in listed.lists} | dict.fromkeys(listed.forms, not may_change),
        "shown": {"search": search or "", "digests": digests},
        "problem_hidden": True,
        **_describe_clock(listed, now),
    }


def _describe_clock(listed: ListPage, now: datetime) -> dict[str, Any]:
    seconds = listed.poll_seconds
    if not seconds:
        return {}
    return {
        "problem": format_refresh_problem(format_clock(now), seconds),
        "updated": f"Last updated {format_clock(now)} · refreshes every {seconds} s",
        "rests": False,
    }


def _replace(listed: ListPage, notice: Component, *, rests: bool) -> dict[str, Any]:
    bodies = dict.fromkeys(listed.bodies, no_update)
    clock = {"problem": NO_DATA_PROBLEM, "updated": "", "rests": rests} if listed.poll_seconds else {}
    hidden = dict.fromkeys((*listed.lists, *listed.forms), True)
    return {"notice": notice, "bodies": bodies, "hidden": hidden, "shown": None, "problem_hidden": True, **clock}


def _keep(listed: ListPage) -> dict[str, Any]:
    clock = dict.fromkeys(("problem", "updated", "rests") if listed.poll_seconds else (), no_update)
    return {
        **dict.fromkeys(("notice", "shown", "problem_hidden"), no_update),
        "bodies": dict.fromkeys(listed.bodies, no_update),
        "hidden": dict.fromkeys((*listed.lists, *listed.forms), no_update),
        **clock,
    }


def submit(listed: ListPage, api: MetricsApi, form: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Save a form, and name it under `emptied`; a refusal is explained and leaves the form as it is."""
    values = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
    save = listed.forms[form].save
    return attempt(listed, lambda: {**_describe(save(api, **values)), "emptied": form}) if save else {}


def press(listed: ListPage, api: MetricsApi, action: str, row: Row) -> dict[str, Any]:
    """Do what a button of a row says; a refusal is explained."""
    act = listed.act
    return attempt(listed, lambda: _describe(act(api, action, row))) if act else {}


def attempt(listed: ListPage, action: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What an action changes on the page; why it did not happen where it is refused."""
    try:
        return action()
    except RefusedError as refusal:
        return {"said": refusal.said}
    except API_FAILURES as error:
        # Its text may hold what was typed, which has no place in a log.
        _log.warning("action_failed", page=listed.path, reason=type(error).__name__)
        return {"said": format_failure(error)}


def _describe(done: Done) -> dict[str, Any]:
    return {"said": done.said, "once": done.once, "file": done.file}
