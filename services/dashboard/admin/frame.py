"""The frame of an admin page: a page itself is its columns and words.

A page shows cards, each drawn from the API's answers; forms and buttons in its rows change what they show. The frame
keeps out who may not look, says what the API refuses, empties a form once it is saved, and draws only what changed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from pydantic import BaseModel, ValidationError

from dashboard.components.buttons import find_pressed
from dashboard.components.card import build_blank
from dashboard.components.messages import NO_DATA_PROBLEM, build_failure, build_refresh_problem, format_refresh_problem
from dashboard.components.page_header import build_page_header
from dashboard.components.table import build_way_on
from dashboard.data import SharedViews
from dashboard.digest import find_digest
from dashboard.errors import API_FAILURES, format_failure, format_invalid, is_refused
from dashboard.formats import format_clock
from dashboard.live.page import add_tick, build_clock
from dashboard.page import Group, Page
from dashboard.period import read_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope

# What the address of a page names: cursors, filters.
Wanted = Mapping[str, str]
Drawn = dict[str, list[Component]]
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

    `draw` gives the body of each list; one that it leaves out is hidden. Who lacks the scope gets no forms, and
    instead of lists the sentence `only`, if there is one. `act` does what a button in a row says.
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

    @property
    def lists(self) -> dict[str, str]:
        """The headings of the lists by their names."""
        return {card[0]: card[1] for card in self.cards if not isinstance(card, Form)}

    @property
    def forms(self) -> dict[str, Form]:
        """The forms by their names."""
        return {card.name: card for card in self.cards if isinstance(card, Form)}

    @property
    def changes(self) -> bool:
        """Whether the frame has anything to do but to show."""
        return self.act is not None or any(form.save for form in self.forms.values())


def build_page(
    listed: ListPage, icon: str | None = None, group: Group | None = None, scope: Scope = Scope.ADMIN
) -> Page:
    """The page of a list; `scope` is what its link in the navigation needs."""

    def build_layout(_settings: DashboardSettings) -> Component:
        return build_frame(listed)

    def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
        add_show(listed, app, views)
        if listed.changes:
            add_change(listed, app, views)

    return Page(listed.path, listed.title, build_layout, add_callbacks, icon=icon, scope=scope, group=group)


def button_id(slug: str, action: str, row: Row) -> dict[str, Row]:
    """The id of a button in a row."""
    return {"page": slug, "action": action, "row": row}


def build_save(slug: str, form: str, label: str) -> Component:
    """The button that saves a form."""
    return html.Button(label, id=f"{slug}-{form}-save", className="button button-primary")


def build_next(path: str, wanted: Wanted, cursor: str | None, label: str, parameter: str = "cursor") -> list[Component]:
    """The link to the rows from the cursor on, if there are any; the rest of the address stays."""
    return [build_way_on(path, {**wanted, parameter: cursor}, label)] if cursor else []


def check(model: type[Model], values: Mapping[str, Any]) -> Model:
    """What a form says, as the API takes it. Raises RefusedError."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise RefusedError(f"Nothing was changed: {format_invalid(error)}.") from error


def build_frame(listed: ListPage) -> Component:
    """The page before its data; forms stand in it from the start, hidden until they are allowed."""
    slug = listed.slug
    said = html.Div(
        [html.Div(id=f"{slug}-said", className="said", role="status"), html.Div(id=f"{slug}-once")],
        className="shown-once",
    )
    cards = [_build_card(listed, *card) for card in _name_cards(listed)]
    return html.Div(
        [
            *_build_clock(listed),
            dcc.Store(id=f"{slug}-shown"),
            dcc.Download(id=f"{slug}-file"),
            _build_header(listed),
            build_refresh_problem(slug),
            html.Div(id=f"{slug}-notice"),
            said,
            html.Div(cards, className=f"stack {slug}"),
        ]
    )


def _name_cards(listed: ListPage) -> Iterator[tuple[str, str, list[Component], bool]]:
    """Each card as (name, heading, body, hidden)."""
    first = next(iter(listed.lists))
    for card in listed.cards:
        if isinstance(card, Form):
            yield card.name, card.heading, card.build(), True
        else:
            yield card[0], card[1], [build_blank(240)], card[0] != first


def _build_card(listed: ListPage, name: str, heading: str, body: list[Component], hidden: bool) -> Component:
    place = f"{listed.slug}-{name}"
    title = html.H2(heading, id=f"{place}-heading", className="card-heading")
    return html.Section(
        [title, html.Div(body, id=place)],
        id=f"{place}-card",
        className="card",
        hidden=hidden,
        **{"aria-labelledby": f"{place}-heading"},
    )


def _build_clock(listed: ListPage) -> list[Component]:
    return build_clock(listed.slug, listed.poll_seconds) if listed.poll_seconds else []


def _build_header(listed: ListPage) -> Component:
    about: list[Component] = [html.P(listed.about)]
    if not listed.poll_seconds:
        return build_page_header(listed.title, "", about, above=listed.above)
    icon = html.Span(className="icon icon-refresh", **{"aria-hidden": "true"})
    refresh = html.Button([icon, "Refresh"], id=f"{listed.slug}-refresh", className="button")
    updated = html.P(id=f"{listed.slug}-updated")
    return build_page_header(listed.title, "", [*about, updated], refresh, above=listed.above)


def add_show(listed: ListPage, app: Dash, views: SharedViews) -> None:
    """One callback shows what the address names, and shows it again after every change and tick."""
    slug = listed.slug

    def refresh(search: str | None, shown: dict[str, Any] | None, **_reasons: Any) -> dict[str, Any]:
        return show(listed, views.api_of_viewer(), search, shown, now=datetime.now(UTC))

    inputs = {
        "search": Input("url", "search"),
        "said": Input(f"{slug}-said", "children"),
        "shown": State(f"{slug}-shown", "data"),
    }
    outputs: dict[str, Any] = {
        "notice": Output(f"{slug}-notice", "children"),
        "bodies": {name: Output(f"{slug}-{name}", "children") for name in listed.lists},
        "hidden": {name: Output(f"{slug}-{name}-card", "hidden") for name in (*listed.lists, *listed.forms)},
        "shown": Output(f"{slug}-shown", "data"),
        "problem_hidden": Output(f"{slug}-refresh-problem", "hidden"),
    }
    if listed.poll_seconds:
        add_tick(app, slug, Input(f"{slug}-refresh", "n_clicks"))
        inputs["tick"] = Input(f"{slug}-tick", "data")
        outputs["problem"] = Output(f"{slug}-refresh-problem", "children")
        outputs["updated"] = Output(f"{slug}-updated", "children")
        outputs["rests"] = Output(f"{slug}-clock", "disabled")
    app.callback(output=outputs, inputs=inputs)(refresh)


def show(
    listed: ListPage, api: MetricsApi, search: str | None, shown: Mapping[str, Any] | None = None, *, now: datetime
) -> dict[str, Any]:
    """What to change on a page that shows `shown`; a failed refresh leaves what is there."""
    try:
        may_change = current_viewer().may(listed.scope)
        if listed.only and not may_change:
            return _replace(listed, html.P(listed.only), rests=True)
        drawn = listed.draw(api, read_search(search))
    except API_FAILURES as error:
        if is_refused(error):
            return _replace(listed, build_failure(error, listed.path), rests=True)
        _log.warning("admin_page_failed", page=listed.path, reason=str(error))
        if shown and shown["search"] == (search or ""):
            return {**_keep(listed), "problem_hidden": False}
        return _replace(listed, build_failure(error, listed.path + (search or "")), rests=False)
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
    kept = _keep(listed)
    clock = {"problem": NO_DATA_PROBLEM, "updated": "", "rests": rests} if listed.poll_seconds else {}
    hidden = dict.fromkeys(kept["hidden"], True)
    return {**kept, "notice": notice, "hidden": hidden, "shown": None, "problem_hidden": True, **clock}


def _keep(listed: ListPage) -> dict[str, Any]:
    clock = dict.fromkeys(("problem", "updated", "rests") if listed.poll_seconds else (), no_update)
    return {
        **dict.fromkeys(("notice", "shown", "problem_hidden"), no_update),
        "bodies": dict.fromkeys(listed.lists, no_update),
        "hidden": dict.fromkeys((*listed.lists, *listed.forms), no_update),
        **clock,
    }


def add_change(listed: ListPage, app: Dash, views: SharedViews) -> None:
    """One callback does what a form or a button of a row says."""
    slug = listed.slug

    def change(saves: dict[str, Any], presses: list[int | None], given: dict[str, dict[str, Any]]) -> dict[str, Any]:
        form = next((name for name in saves if ctx.triggered_id == f"{slug}-{name}-save"), None)
        if form:
            changes = submit(listed, views.api_of_viewer(), form, given[form])
        else:
            pressed = find_pressed(presses)
            changes = press(listed, views.api_of_viewer(), pressed["action"], pressed["row"]) if pressed else {}
        fields = _empty(listed, changes.pop("emptied", None))
        return {**dict.fromkeys(("said", "once", "file"), no_update), **changes, "fields": fields}

    fields = {name: {each: f"{slug}-{each}" for each in form.fields} for name, form in listed.forms.items()}
    app.callback(
        output={
            "said": Output(f"{slug}-said", "children"),
            "once": Output(f"{slug}-once", "children"),
            "file": Output(f"{slug}-file", "data"),
            "fields": {f"{name}.{each}": Output(fields[name][each], "value") for name, each in _list_emptied(listed)},
        },
        inputs={
            "saves": {name: Input(f"{slug}-{name}-save", "n_clicks") for name in listed.forms},
            "presses": Input({"page": slug, "action": ALL, "row": ALL}, "n_clicks"),
            "given": {name: {each: State(at, "value") for each, at in form.items()} for name, form in fields.items()},
        },
        prevent_initial_call=True,
    )(change)


def _list_emptied(listed: ListPage) -> list[tuple[str, str]]:
    return [(name, each) for name, form in listed.forms.items() for each in form.empty]


def _empty(listed: ListPage, saved: str | None) -> dict[str, Any]:
    """The fields of the form that was saved, emptied; those of the others as they are."""
    return {
        f"{name}.{each}": listed.forms[name].empty[each] if name == saved else no_update
        for name, each in _list_emptied(listed)
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
        _log.warning("admin_action_failed", page=listed.path, reason=type(error).__name__)
        return {"said": format_failure(error)}


def _describe(done: Done) -> dict[str, Any]:
    return {"said": done.said, "once": done.once, "file": done.file}
