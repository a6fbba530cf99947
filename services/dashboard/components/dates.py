"""The choice of dates, which are those of UTC."""

from datetime import UTC, datetime
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

_LOOK: dict[str, Any] = {
    "valueFormat": "D MMM YYYY",
    "clearable": True,
    "weekendDays": [],
    "hideOutsideDates": True,
    "ariaLabels": {"previousMonth": "Previous month", "nextMonth": "Next month"},
    # Its role would refer to a label that is not there.
    "popoverProps": {"withRoles": False, "withinPortal": False},
    "className": "dates",
}


def build_day(day_id: str | dict[str, str], label: str, placeholder: str) -> Component:
    """The choice of one date, which may be left out, as `placeholder` says."""
    clear = {"aria-label": f"Clear {label}"}
    return dmc.DatePickerInput(id=day_id, label=label, placeholder=placeholder, clearButtonProps=clear, **_LOOK)


def build_dates(dates_id: str) -> Component:
    """The choice of a first and a last date, today at the latest."""
    return dmc.DatePickerInput(
        id=dates_id,
        type="range",
        placeholder="Custom dates",
        clearButtonProps={"aria-label": "Clear custom dates"},
        allowSingleDateInRange=True,
        maxDate=datetime.now(UTC).date().isoformat(),
        leftSection=html.Span(className="icon icon-calendar"),
        **_LOOK,
    )
