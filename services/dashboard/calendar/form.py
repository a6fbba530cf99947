"""The form of one holiday or term; the address names the one that is changed."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component
from pydantic import ValidationError

from dashboard.components.controls import build_select
from dashboard.components.dates import build_day
from dashboard.errors import API_FAILURES, format_failure
from dashboard.lists.page import build_save
from dashboard.period import read_search
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.calendar import CalendarEntryRequest, CalendarKind
from viral_contract.models.problem import format_sentence

SLUG = "calendar"
KINDS: dict[CalendarKind, str] = {"holiday": "Holiday", "term": "Term"}
_TEXTS = ("name", "start", "end")
_FIELDS = (*_TEXTS, "kind")
_NOTHING = {"name": "", "start": None, "end": None, "kind": "holiday"}


def build() -> list[Component]:
    """The fields, each with the place of its error."""
    fields = [
        dmc.TextInput(id="calendar-name", label="Name", placeholder="Winter break", className="filter"),
        build_select("calendar-kind", "Kind", KINDS, className="filter"),
        build_day("calendar-start", "First day", "Choose a date"),
        build_day("calendar-end", "Last day", "Choose a date"),
        build_save(SLUG, "form", "Save entry"),
    ]
    return [html.P(id="calendar-editing", className="hint"), html.Div(fields, className="filters")]


def add_callbacks(app: Dash, views: SharedViews) -> None:
    """Fill in the entry that the address names, and save the form."""
    fields = {name: Output(f"calendar-{name}", "value", allow_duplicate=True) for name in _FIELDS}
    app.callback(
        output={"fields": fields, "editing": Output("calendar-editing", "children")},
        inputs={"search": Input("url", "search")},
        prevent_initial_call="initial_duplicate",
    )(lambda search: show_entry(views.api_of_viewer(), search))
    app.callback(
        output={
            "said": Output(f"{SLUG}-said", "children", allow_duplicate=True),
            "errors": {name: Output(f"calendar-{name}", "error") for name in _TEXTS},
            "fields": {name: Output(f"calendar-{name}", "value") for name in _FIELDS},
            "search": Output("url", "search", allow_duplicate=True),
        },
        inputs={
            "presses": Input(f"{SLUG}-form-save", "n_clicks"),
            "given": {name: State(f"calendar-{name}", "value") for name in _FIELDS},
            "search": State("url", "search"),
        },
        prevent_initial_call=True,
    )(lambda presses, given, search: save(views.api_of_viewer(), given, search) if presses else _keep())


def show_entry(api: MetricsApi, search: str | None) -> dict[str, Any]:
    """The entry that is to be changed, in the form."""
    entry_id = read_search(search).get("edit")
    if not entry_id:
        return {"fields": dict.fromkeys(_FIELDS, no_update), "editing": ""}
    try:
        entry = api.fetch_calendar_entry(entry_id)
    except API_FAILURES as error:
        return {"fields": dict.fromkeys(_FIELDS, no_update), "editing": format_failure(error)}
    shown = {name: entry.model_dump(mode="json")[name] for name in _FIELDS}
    return {"fields": shown, "editing": f"You are changing {entry.name}."}


def save(api: MetricsApi, given: Mapping[str, Any], search: str | None) -> dict[str, Any]:
    """Add the entry, or change the one that the address names; what is wrong is said at its field."""
    try:
        request = CalendarEntryRequest.model_validate({name: given[name] or "" for name in _FIELDS})
    except ValidationError as error:
        return {**_keep(), "errors": find_errors(error)}
    entry_id = read_search(search).get("edit") or str(uuid4())
    try:
        saved = api.save_calendar_entry(entry_id, request)
    except API_FAILURES as error:
        return {**_keep(), "said": format_failure(error)}
    said = f"{saved.name} is saved."
    return {"said": said, "errors": dict.fromkeys(_TEXTS), "fields": dict(_NOTHING), "search": ""}


def find_errors(error: ValidationError) -> dict[str, str | None]:
    """What is wrong, by field; dates that do not go together are wrong at the last one."""
    found: dict[str, str | None] = dict.fromkeys(_TEXTS)
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else "end"
        sentence = format_sentence(item)
        found[name] = f"{sentence[:1].upper()}{sentence[1:]}."
    return found


def _keep() -> dict[str, Any]:
    fields = dict.fromkeys(_FIELDS, no_update)
    return {"said": no_update, "errors": dict.fromkeys(_TEXTS), "fields": fields, "search": no_update}


def find_reasons(error: Exception) -> list[str]:
    """What the API says is wrong, one sentence an error."""
    if isinstance(error, ApiProblemError) and error.errors:
        return [each["detail"] for each in error.errors]
    return [format_failure(error)]
