"""Personal information in events: which loop leaks what since when. The values are replaced before they are stored."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.table import Column, build_table
from viral_contract.models.guardrails import EventPiiAnswer, EventPiiLeak, EventPiiType, LeakingLoop
from viral_reports.dates import format_day
from viral_reports.figures import format_count, name_loop

PATH = "/dashboard/guardrails/event-pii"
_URLS = {"landing_page", "referrer_url"}
_TYPES: dict[EventPiiType, str] = {
    "email": "Email address",
    "phone": "Phone number",
    "ssn": "Social security number",
    "credit_card": "Card number",
    "street_address": "Street address",
}
_COLUMNS = (
    Column("Loop"),
    Column("Date"),
    Column("Field"),
    Column("Type", is_minor=True),
    Column("Since", is_minor=True),
    Column("Events", is_figure=True),
)


def format_place(loop: LeakingLoop) -> str:
    """Where a loop leaks, in few words: "Event URLs, Parent share"."""
    what = "Event URLs" if set(loop.fields) <= _URLS else "Events"
    return f"{what}, {_name(loop.source)}"


def build_rows(answer: EventPiiAnswer, _search: str) -> list[Component]:
    """What was found, and every leak by day."""
    hint = build_hint(
        "Replaced before the events were stored. Stop the app from sending it: personal information has no place in "
        "URLs and ids."
    )
    if not answer.leaks:
        return [hint, html.P("No personal information in events of this period", className="nothing")]
    return [
        hint,
        build_table("Personal information in events, most events first", _COLUMNS, map(_build_row, answer.leaks)),
    ]


def _build_row(leak: EventPiiLeak) -> tuple[Component | str, ...]:
    return (
        _name(leak.source),
        format_day(leak.date),
        html.Code(leak.field),
        _TYPES[leak.type],
        format_day(leak.first_seen),
        format_count(leak.events),
    )


def _name(source: str | None) -> str:
    return name_loop(source or "")
