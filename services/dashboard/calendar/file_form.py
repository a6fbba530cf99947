"""The import of an iCalendar file."""

from base64 import b64decode
from typing import Any, cast

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.calendar.form import SLUG, find_reasons
from dashboard.components.card import build_hint
from dashboard.components.controls import build_select
from dashboard.errors import API_FAILURES
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.calendar import CalendarImported, CalendarKind
from viral_reports.figures import format_count, format_counted

# As text it is a third longer, and a request to the dashboard has at most 1 MiB.
MOST_BYTES = 700_000
_MOST_ERRORS = 5
_EVENTS: dict[CalendarKind, str] = {"holiday": "Holidays", "term": "Terms"}


def build() -> list[Component]:
    """The choice of a file, and what its events are."""
    upload = dcc.Upload(
        html.Button("Choose a file", type="button", className="button", id="calendar-choose"),
        id="calendar-upload",
        accept=".ics,text/calendar",
        max_size=MOST_BYTES,
        className="calendar-upload",
        className_active="calendar-upload is-over",
    )
    kind = build_select("calendar-events", "Its events are", _EVENTS, className="filter")
    return [
        build_hint(
            "All-day events of an .ics file, up to 700 KB. An event that was imported before replaces its entry. "
            "Events with a time of day are left out."
        ),
        html.Div([kind, upload], className="filters"),
        html.Div(id="calendar-upload-errors", className="field-error", role="alert"),
    ]


def add_callbacks(app: Dash, views: SharedViews) -> None:
    """Import a file once it is chosen."""
    app.callback(
        output={
            "said": Output(f"{SLUG}-said", "children", allow_duplicate=True),
            "errors": Output("calendar-upload-errors", "children"),
            # So that the same file can be chosen again.
            "contents": Output("calendar-upload", "contents"),
        },
        inputs={
            "contents": Input("calendar-upload", "contents"),
            "name": State("calendar-upload", "filename"),
            "kind": State("calendar-events", "value"),
        },
        prevent_initial_call=True,
    )(lambda contents, name, kind: import_file(views.api_of_viewer(), contents, name, kind))


def import_file(api: MetricsApi, contents: str | None, name: str | None, kind: str) -> dict[str, Any]:
    """Import the file, or say what is wrong and where."""
    if not contents:
        return {"said": no_update, "errors": no_update, "contents": no_update}
    try:
        body = b64decode(contents.partition(",")[2], validate=True)
        imported = api.import_calendar(body, cast("CalendarKind", kind))
    except ValueError:
        return {"said": no_update, "errors": "The file could not be read.", "contents": None}
    except API_FAILURES as error:
        return {"said": no_update, "errors": build_errors(name or "The file", find_reasons(error)), "contents": None}
    return {"said": f"{name}: {format_imported(imported)}", "errors": [], "contents": None}


def build_errors(name: str, reasons: list[str]) -> list[Component]:
    """What is wrong with the file, the first errors one by one."""
    rest = len(reasons) - _MOST_ERRORS
    listed = [html.Li(reason) for reason in reasons[:_MOST_ERRORS]]
    more = [html.Li(f"and {format_count(rest)} more")] if rest > 0 else []
    return [html.P(f"Nothing was imported from {name}:"), html.Ul([*listed, *more])]


def format_imported(imported: CalendarImported) -> str:
    """What an import changed."""
    skipped = f", {format_counted(imported.skipped, 'event')} left out" if imported.skipped else ""
    return f"{format_count(imported.created)} added, {format_count(imported.replaced)} replaced{skipped}."
