"""School holidays that a country or one of its regions publishes."""

from datetime import UTC, datetime
from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component
from pydantic import ValidationError

from dashboard.calendar.file_form import format_imported
from dashboard.calendar.form import SLUG, find_reasons
from dashboard.components.card import build_hint
from dashboard.errors import API_FAILURES, format_invalid
from dashboard.lists.page import build_save
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.calendar import HolidayCountriesAnswer, SchoolHolidaysRequest

_log = structlog.get_logger()
_UNCHANGED = {"said": no_update, "error": None}
_CHOOSE = "Choose one of the listed countries or regions."


def build() -> list[Component]:
    """The choice of a country or region, and of a year."""
    year = datetime.now(UTC).year
    fields = [
        dmc.Autocomplete(
            id="calendar-place",
            label="Country or region",
            placeholder="Germany: Bayern",
            data=[],
            limit=100,
            className="filter calendar-place",
        ),
        dmc.NumberInput(
            id="calendar-year", label="Year", value=year, min=2000, max=2100, allowDecimal=False, className="filter"
        ),
        build_save(SLUG, "school", "Add school holidays"),
    ]
    hint = "Countries that publish them for all their schools. For others, import the calendar of your school district."
    return [build_hint(hint), html.Div(fields, className="filters")]


def add_callbacks(app: Dash, views: SharedViews) -> None:
    """List what is known for the year, and add it."""
    app.callback(Output("calendar-place", "data"), Input("calendar-year", "value"))(
        lambda year: list_places(views, year)
    )
    app.callback(
        output={
            "said": Output(f"{SLUG}-said", "children", allow_duplicate=True),
            "error": Output("calendar-place", "error"),
        },
        inputs={
            "presses": Input(f"{SLUG}-school-save", "n_clicks"),
            "place": State("calendar-place", "value"),
            "year": State("calendar-year", "value"),
        },
        prevent_initial_call=True,
    )(lambda presses, place, year: add(views.api_of_viewer(), place, year) if presses else dict(_UNCHANGED))


def list_places(views: SharedViews, year: object) -> list[str]:
    """Countries, and the regions of those that have holidays by region; none in a year that nothing is known of."""
    if not isinstance(year, int) or not 2000 <= year <= 2100:
        return []
    try:
        return views.get(("holiday-countries", year), lambda api: list(name_places(api.fetch_holiday_countries(year))))
    except API_FAILURES as error:
        _log.warning("holiday_countries_failed", reason=type(error).__name__)
        return []


def name_places(answer: HolidayCountriesAnswer) -> dict[str, tuple[str, str | None]]:
    """The country's and the region's codes by what people choose."""
    found: dict[str, tuple[str, str | None]] = {}
    for country in answer.countries:
        if not country.regions:
            found[country.name] = (country.code, None)
        found |= {f"{country.name}: {region.name}": (country.code, region.code) for region in country.regions}
    return found


def add(api: MetricsApi, place: str | None, year: object) -> dict[str, Any]:
    """Add the school holidays of the place; what is wrong is said at the field."""
    try:
        request = SchoolHolidaysRequest.model_validate({"country": "XX", "year": year})
        country, region = name_places(api.fetch_holiday_countries(request.year))[(place or "").strip()]
        imported = api.add_school_holidays(request.model_copy(update={"country": country, "region": region}))
    except KeyError:
        return {"said": no_update, "error": _CHOOSE}
    except ValidationError as error:
        return {"said": no_update, "error": f"{format_invalid(error).capitalize()}."}
    except API_FAILURES as error:
        return {"said": no_update, "error": " ".join(find_reasons(error))}
    return {"said": f"{place} {year}: {format_imported(imported)}", "error": None}
