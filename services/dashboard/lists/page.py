"""The frame of a page of lists: its layout, and the callbacks that show it and do what its forms and buttons say."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components.card import build_blank
from dashboard.components.messages import build_refresh_problem
from dashboard.components.page_header import build_page_header
from dashboard.lists.view import Form, ListPage, Row, press, show, submit
from dashboard.live.page import add_tick, build_clock, build_refresh
from dashboard.page import Group, Page
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.models.people import Scope


def build_page(
    listed: ListPage,
    icon: str | None = None,
    group: Group | None = None,
    scope: Scope = Scope.ADMIN,
    add_own: Callable[[Dash, SharedViews], None] | None = None,
) -> Page:
    """The page of a list; `scope` is what its link in the navigation needs, `add_own` adds callbacks of its own."""

    def build_layout(_settings: DashboardSettings) -> Component:
        return _build_frame(listed)

    def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
        _add_show(listed, app, views)
        if listed.changes:
            _add_change(listed, app, views)
        if listed.filters:
            listed.filters.add_callbacks(app)
        if add_own:
            add_own(app, views)

    return Page(listed.path, listed.title, build_layout, add_callbacks, icon=icon, scope=scope, group=group)


def build_button(slug: str, action: str, row: Row, label: str, about: str = "") -> Component:
    """The button of an action in a row, which `about` names to screen readers."""
    name = [html.Span(about, className="visually-hidden")] if about else []
    return html.Button([label, *name], id={"page": slug, "action": action, "row": row}, className="button")


def build_save(slug: str, form: str, label: str) -> Component:
    """The button that saves a form."""
    return html.Button(label, id=f"{slug}-{form}-save", className="button button-primary")


def _build_frame(listed: ListPage) -> Component:
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
            html.Div(_build_header(listed), id=f"{slug}-header"),
            build_refresh_problem(slug),
            html.Div(id=f"{slug}-notice"),
            said,
            html.Div(cards, className=f"stack {slug}"),
        ]
    )


def _name_cards(listed: ListPage) -> Iterator[tuple[str, str, list[Component], bool]]:
    """Each card as (name, heading, body, hidden)."""
    first = next(iter(listed.lists))
    for card in listed.all_cards:
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
    updated = html.P(id=f"{listed.slug}-updated")
    return build_page_header(listed.title, "", [*about, updated], build_refresh(listed.slug), above=listed.above)


def _add_show(listed: ListPage, app: Dash, views: SharedViews) -> None:
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
        "bodies": {name: Output(f"{slug}-{name}", "children") for name in listed.bodies},
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


def _add_change(listed: ListPage, app: Dash, views: SharedViews) -> None:
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

    saved = {name: form for name, form in listed.forms.items() if form.save}
    fields = {name: {each: f"{slug}-{each}" for each in form.fields} for name, form in saved.items()}
    app.callback(
        output={
            "said": Output(f"{slug}-said", "children"),
            "once": Output(f"{slug}-once", "children"),
            "file": Output(f"{slug}-file", "data"),
            "fields": {f"{name}.{each}": Output(fields[name][each], "value") for name, each in _list_emptied(listed)},
        },
        inputs={
            "saves": {name: Input(f"{slug}-{name}-save", "n_clicks") for name in saved},
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


def find_pressed(presses: Sequence[int | None]) -> dict[str, Any] | None:
    """The id of the row's button that was pressed, None where there was none; `presses` are the `n_clicks` of all.

    Redrawn buttons call back, too, without having been pressed.
    """
    pressed: dict[str, Any] | None = ctx.triggered_id
    return pressed if pressed and any(presses) else None
