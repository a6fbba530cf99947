"""Lists: admins allow, deny or watch networks, devices, referrers, user agents and links."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

import dash_mantine_components as dmc
from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.components.address_controls import control_id
from dashboard.components.card import build_hint
from dashboard.components.controls import build_folded, build_select
from dashboard.components.dates import build_day
from dashboard.components.filter_form import FilterForm
from dashboard.formats import format_masked, format_minute
from dashboard.links import LISTS_PATH
from dashboard.lists.page import build_button, build_page, build_save
from dashboard.lists.view import Done, Drawn, Form, ListPage, RefusedError, Wanted, build_next
from dashboard.period import read_search
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.entity_lists import ListEntry, ListKind, ListName
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

ROWS = 50
ANY = "any"
LISTS: dict[ListName, str] = {"allow": "Allow", "deny": "Deny", "watch": "Watch"}
KINDS: dict[ListKind, str] = {
    "network": "Network",
    "device": "Device",
    "referrer": "Referrer",
    "user_agent": "User agent",
    "link": "Link",
}
SAID: dict[ListName, str] = {"allow": "allowed", "deny": "denied", "watch": "watched"}
_SLUG = "lists"
_EFFECTS = (
    "Allow: no rule flags it. Deny: its clicks and conversions count as flagged. Watch: it opens a case and nothing "
    "more. Allow comes before deny, deny before the rules."
)
_FIELDS = ("list", "kind", "value", "reason", "until")


def _build_filters() -> list[Component]:
    words: Mapping[str, Mapping[Any, str]] = {"list": {ANY: "All", **LISTS}, "kind": {ANY: "All", **KINDS}}
    selects = [
        build_select(control_id(_SLUG, name), name.capitalize(), words[name], className="filter") for name in words
    ]
    text = dmc.TextInput(id=control_id(_SLUG, "q"), label="Search", placeholder="Value or reason", className="filter")
    return [*selects, text]


FILTERS = FilterForm(_SLUG, LISTS_PATH, {"list": ANY, "kind": ANY, "q": ""}, ("q",), _build_filters)


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """One row an entry, the expired ones too."""
    filters = FILTERS.parse(wanted)
    answer = api.fetch_lists(**filters, limit=ROWS, cursor=wanted.get("cursor"))
    more = build_next(LISTS_PATH, filters, answer.next_cursor, f"{ROWS} entries")
    nothing = "No entry matches these filters." if filters else "Nothing is on a list yet."
    rows = [html.Ul([_build_entry(entry) for entry in answer.entries], className="violations")]
    return {
        "found": format_counted(answer.total, "entry", "entries"),
        "entries": [*rows, *more] if answer.entries else [html.P(nothing, className="nothing")],
    }


def _build_entry(entry: ListEntry) -> Component:
    shown = format_masked(entry.value, entry.alias)
    added = f"since {format_day(entry.created_at.date())}, by {entry.created_by}"
    who = html.Div([html.H3(shown), html.P(f"{KINDS[entry.kind]} · {added}", className="row-note")])
    state = html.Div([html.Strong(LISTS[entry.list]), html.P(_format_end(entry), className="row-note")])
    key = json.dumps([entry.list, entry.kind, entry.ref or entry.value])
    hint = build_hint(f"It is no longer {SAID[entry.list]}.")
    remove = build_folded("Remove", shown, hint, build_button(_SLUG, "remove", key, "Remove from list", shown))
    return html.Li([who, html.Div(entry.reason), state, remove], className="violation")


def _format_end(entry: ListEntry) -> str:
    if entry.expires_at is None:
        return "No end date"
    return f"{'Until' if entry.active else 'Expired'} {format_minute(entry.expires_at)} UTC"


def _build_form() -> list[Component]:
    required = {"required": True, "withAsterisk": False}
    fields = [
        build_select("lists-list", "List", LISTS, className="filter"),
        build_select("lists-kind", "Kind", KINDS, className="filter"),
        dmc.TextInput(id="lists-value", label="Value", placeholder="203.0.113.0/24", **required),
        dmc.TextInput(id="lists-reason", label="Reason", placeholder="Lakeside School", **required),
        build_day("lists-until", "Last day (UTC)", "No end date"),
        build_save(_SLUG, "form", "Add to list"),
    ]
    return [
        build_hint("Saving what is already on the list replaces its reason and last day."),
        html.Div(fields, className="filters"),
    ]


def save(api: MetricsApi, list: str, kind: str, value: str | None, reason: str | None, until: str | None) -> Done:  # noqa: A002 - the name of a field.
    """Put something on a list, or change until when and why it is on it."""
    if not value or not reason:
        raise RefusedError("Enter a value and a reason.")
    name = cast("ListName", list)
    saved = api.save_list_entry(name, cast("ListKind", kind), value, reason=reason, expires_at=format_end(until))
    return Done(f"{format_masked(saved.value, saved.alias)} is now {SAID[name]}.")


def format_end(last_day: str | None) -> datetime | None:
    """The moment at which an entry ends: the midnight, in UTC, after its last day."""
    if not last_day:
        return None
    return datetime.combine(date.fromisoformat(last_day) + timedelta(days=1), time(), UTC)


def _remove(api: MetricsApi, _action: str, key: str) -> Done:
    name, kind, value = json.loads(key)
    api.delete_list_entry(name, kind, value)
    return Done(f"Removed. It is no longer {SAID[cast('ListName', name)]}.")


LISTED = ListPage(
    path=LISTS_PATH,
    slug=_SLUG,
    title="Lists",
    about=_EFFECTS,
    only="Only admins can view and change lists.",
    draw=draw,
    cards=(
        Form(
            "form",
            "Add to a list",
            _build_form,
            fields=_FIELDS,
            empty={"value": "", "reason": "", "until": None},
            save=save,
        ),
        ("entries", "Entries"),
    ),
    act=_remove,
    filters=FILTERS,
)


def find_prefilled(search: str | None) -> list[str]:
    """The list, the kind and the value that a link has filled in."""
    wanted = read_search(search)
    name, kind = wanted.get("add", ""), wanted.get("add_kind", "")
    return [name if name in LISTS else "allow", kind if kind in KINDS else "network", wanted.get("value", "")]


def _fill_in(app: Dash, _views: SharedViews) -> None:
    app.callback(
        [Output(f"lists-{name}", "value", allow_duplicate=True) for name in ("list", "kind", "value")],
        Input("url", "search"),
        prevent_initial_call="initial_duplicate",
    )(find_prefilled)


PAGE = build_page(LISTED, icon="list", group="Detection", add_own=_fill_in)
