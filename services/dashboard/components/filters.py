"""The choice of a loop and a campaign in the header of a page; assets/filters.js keeps them in its address."""

from collections.abc import Mapping, Sequence

import dash_mantine_components as dmc
import structlog
from dash import ClientsideFunction, Dash, Input, Output, html, no_update
from dash.development.base_component import Component

from dashboard.components.icons import build_icon
from dashboard.errors import API_FAILURES
from dashboard.period import Filter, InvalidPeriodError, Query, format_query, parse_period, read_search
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_reports.figures import name_loop

_log = structlog.get_logger()
_LABELS: Mapping[str, str] = {"source": "Loop", "campaign": "Campaign"}
_NOUNS: Mapping[str, str] = {"source": "loops", "campaign": "campaigns"}
Choices = Mapping[Filter, Sequence[tuple[str, str]]]
"""The values of each filter with their words."""


def build_filters(slug: str, names: Sequence[Filter]) -> Component:
    """A select for each filter; on a phone they wait behind a button that says how many are in use."""
    fields = f"{slug}-filters"
    button = html.Button(
        [build_icon("filter"), "Filters", html.Span(id=f"{fields}-count")],
        className="button header-filters-button",
        type="button",
        **{"aria-expanded": "false", "aria-controls": fields},
    )
    selects = html.Div([_build_select(slug, name) for name in names], id=fields, className="header-filters-fields")
    return html.Div([button, selects], className="header-filters", role="group", **{"aria-label": "Filters"})


def _build_select(slug: str, name: Filter) -> Component:
    label = _LABELS[name]
    return dmc.Select(
        id=_select_id(slug, name),
        data=_format_data([]),
        value="",
        searchable=True,
        clearSearchOnFocus=True,
        allowDeselect=False,
        nothingFoundMessage="Nothing matches",
        leftSection=html.Span(label),
        # The label stands in the field, so that the field's text begins behind it.
        leftSectionWidth=20 + 7 * len(label),
        className="toolbar-choice",
        comboboxProps={"width": "max-content", "position": "bottom-start"},
        **{"aria-label": label},
    )


def _select_id(slug: str, name: Filter) -> str:
    return f"{slug}-filter-{name}"


def add_filters(app: Dash, views: SharedViews, slug: str, names: Sequence[Filter]) -> None:
    """Keep the selects and the address the same."""
    values = [_select_id(slug, name) for name in names]
    app.clientside_callback(
        ClientsideFunction("filters", "showFilters"),
        Output(f"{slug}-filters-count", "children"),
        *[Output(each, "value") for each in values],
        Input("url", "search"),
    )
    app.clientside_callback(
        ClientsideFunction("filters", "chooseFilters"),
        *[Input(each, "value") for each in values],
        prevent_initial_call=True,
    )
    app.callback([Output(each, "data") for each in values], Input("url", "search"))(
        lambda search: fetch_data(views, names, search)
    )


def fetch_data(views: SharedViews, names: Sequence[Filter], search: str | None) -> list[object]:
    """The options of each select; what the address names is always among them."""
    try:
        query = format_query(parse_period(search))
    except InvalidPeriodError:
        return [no_update] * len(names)
    choices: Choices = {}
    try:
        choices = views.get(("filters", *query.items()), lambda api: _fetch_choices(api, query))
    except API_FAILURES as error:
        _log.warning("filters_failed", reason=type(error).__name__)
    given = read_search(search)
    return [_format_data(_include(name, choices.get(name, []), given.get(name))) for name in names]


def _fetch_choices(api: MetricsApi, query: Query) -> Choices:
    found = api.fetch_filters(**query)
    return {
        "source": [(loop.source, loop.name) for loop in found.loops],
        "campaign": [(campaign, campaign) for campaign in found.campaigns],
    }


def _include(name: str, choices: Sequence[tuple[str, str]], chosen: str | None) -> list[tuple[str, str]]:
    missing = [(chosen, _name(name, chosen))] if chosen and chosen not in dict(choices) else []
    return [*missing, *choices]


def _name(name: str, value: str) -> str:
    return name_loop(value) if name == "source" else value


def _format_data(choices: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"value": "", "label": "All"}, *({"value": value, "label": word} for value, word in choices)]


def format_filters(chosen: Mapping[str, str]) -> str:
    """The filters in words: "Loop: Buddy challenge"."""
    return " · ".join(f"{_LABELS[name]}: {_name(name, value)}" for name, value in chosen.items())


def build_unfiltered(names: Sequence[str]) -> Component:
    """What a card says that shows everything, whichever of these filters are in use."""
    return html.P(f"All {' and '.join(_NOUNS[name] for name in names)}", className="unfiltered")
