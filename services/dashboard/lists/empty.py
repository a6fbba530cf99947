"""What stands in the place of rows: why there are none, in one sentence, and the way on."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.icons import build_icon


def build_empty(heading: str, note: str, *way_on: Component, icon: str | None = None) -> Component:
    """One sentence, and what was looked at."""
    sign = [html.Span(build_icon(icon), className=f"empty-{icon}")] if icon else []
    notes = [html.P(note, className="hint")] if note else []
    return html.Div([*sign, html.P(heading, className="no-data"), *notes, *way_on], className="empty")


def build_load_failure(nouns: str, at: str, here: str) -> Component:
    """Rows that never came; `at` is when they were asked for."""
    again = html.A("Try again", href=here, className="button")
    failed = build_empty(f"Could not load {nouns}", f"The API did not answer at {at}.", again, icon="warning")
    failed.role = "alert"
    return failed
