"""School calendar: holidays and terms; admins add, change, import and delete them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.calendar import file_form, form, holidays_form
from dashboard.components.address_controls import control_id
from dashboard.components.card import build_hint
from dashboard.components.controls import build_folded, build_select
from dashboard.components.filter_form import FilterForm
from dashboard.links import CALENDAR_PATH, calendar_entry_path
from dashboard.lists.page import build_button, build_page
from dashboard.lists.view import Done, Drawn, Form, ListPage, Wanted, build_next
from dashboard.session import current_viewer
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.calendar import CalendarEntry
from viral_contract.models.people import Scope
from viral_contract.models.period import Period
from viral_reports.dates import format_period
from viral_reports.figures import format_counted

ROWS = 50
ANY = "any"
_EMPTY = (
    "No holidays and no terms yet. Until there are some, every date is compared with its weekday, and terms end on the "
    "dates of TERM_ENDS."
)


def _build_filters() -> list[Component]:
    kinds: Mapping[Any, str] = {ANY: "All", **form.KINDS}
    kind = build_select(control_id(form.SLUG, "kind"), "Show", kinds, className="filter")
    text = dmc.TextInput(id=control_id(form.SLUG, "q"), label="Search", placeholder="Name", className="filter")
    return [kind, text]


FILTERS = FilterForm(form.SLUG, CALENDAR_PATH, {"kind": ANY, "q": ""}, ("q",), _build_filters)


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """One row an entry, the latest first."""
    filters = FILTERS.parse(wanted)
    answer = api.fetch_calendar(**filters, limit=ROWS, cursor=wanted.get("cursor"))
    today, may_change = datetime.now(UTC).date(), current_viewer().may(Scope.ADMIN)
    more = build_next(CALENDAR_PATH, filters, answer.next_cursor, f"{ROWS} entries")
    rows = [build_entry(entry, today, may_change=may_change) for entry in answer.entries]
    nothing = "No entry matches these filters." if filters else _EMPTY
    return {
        "found": format_counted(answer.total, "entry", "entries"),
        "entries": [html.Ul(rows, className="violations"), *more] if rows else [html.P(nothing, className="nothing")],
    }


def build_entry(entry: CalendarEntry, today: date, *, may_change: bool) -> Component:
    """A holiday or a term: when, how long, and whether it is now."""
    period = Period.between(entry.start, entry.end)
    what = html.Div(
        [html.H3(entry.name), html.P(f"{form.KINDS[entry.kind]} · by {entry.created_by}", className="row-note")]
    )
    days = format_counted(period.days, "day")
    when = html.Div([html.Strong(format_period(period)), html.P(days, className="row-note")])
    actions = _build_actions(entry) if may_change else None
    return html.Li([what, when, html.Div(format_place(period, today)), actions], className="violation")


def format_place(period: Period, today: date) -> str:
    """Where it stands beside today."""
    if period.end < today:
        return "Over"
    days = (period.start - today).days
    return "Now" if days <= 0 else "Tomorrow" if days == 1 else f"In {days} days"


def _build_actions(entry: CalendarEntry) -> Component:
    edit = html.A(
        ["Edit", html.Span(f" {entry.name}", className="visually-hidden")],
        href=calendar_entry_path(entry.id),
        className="button",
    )
    delete = build_button(form.SLUG, "delete", entry.id, "Delete entry", entry.name)
    hint = build_hint("Its dates are then compared with ordinary dates.")
    return html.Div([edit, build_folded("Delete", entry.name, hint, delete)], className="calendar-actions")


def _act(api: MetricsApi, _action: str, entry_id: str) -> Done:
    api.delete_calendar_entry(entry_id)
    return Done("Deleted.")


LISTED = ListPage(
    path=CALENDAR_PATH,
    slug=form.SLUG,
    title="School calendar",
    about="Holidays are compared with holidays. Terms say what the current term is, and until when trust is proposed.",
    draw=draw,
    cards=(
        ("entries", "Holidays and terms"),
        Form("form", "Add or change an entry", form.build),
        Form("school", "Add school holidays of a country", holidays_form.build),
        Form("import", "Import a calendar file", file_form.build),
    ),
    act=_act,
    above=("Growth", "/dashboard/growth"),
    filters=FILTERS,
)


def _add_forms(app: Any, views: Any) -> None:
    for each in (form, holidays_form, file_form):
        each.add_callbacks(app, views)


PAGE = build_page(LISTED, scope=Scope.METRICS_READ, add_own=_add_forms)
