"""All reasons for traffic classes in a period: searched and filtered by the address, and exported."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import Dash, dcc, html
from dash.development.base_component import Component
from flask import Response, request

from dashboard.components.address_controls import control_id, keep_in_address
from dashboard.components.card import build_hint
from dashboard.components.controls import build_select
from dashboard.components.page_header import build_page_header
from dashboard.data import SharedViews
from dashboard.export import answer_csv
from dashboard.formats import format_clock
from dashboard.links import TRAFFIC_PATH, TRAFFIC_REASONS_PATH
from dashboard.lists.page import build_page
from dashboard.lists.view import Drawn, Form, ListPage, Wanted, build_next
from dashboard.period import format_query, format_search, read_period, read_search
from dashboard.traffic.kinds import KINDS, NAMES, NOTHING_FILTERED
from dashboard.traffic.reasons import build_reasons, format_reason
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.traffic import TrafficAnswer, TrafficReason
from viral_reports.csv_file import BYTE_ORDER_MARK, format_lines
from viral_reports.dates import format_period
from viral_reports.figures import format_count, format_counted

ABOVE = ("Filtered traffic", TRAFFIC_PATH)
ROWS = 50
_SLUG, _TITLE = "traffic-all-reasons", "Reasons"
_EXPORT_PATH = f"{TRAFFIC_REASONS_PATH}.csv"
_ANY = "any"
_DEFAULTS = {"q": "", "class": _ANY}
_COLUMNS = tuple(TrafficReason.model_fields)


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """The reasons of the period that the address has not filtered out, some at a time.

    Raises InvalidPeriodError.
    """
    period = read_period(wanted)
    answer = api.fetch_traffic(**format_query(period))
    search = format_search(period)
    summary = html.P(f"{format_period(answer.period)} · as of {format_clock(answer.computed_at)}")
    return {
        "header": [build_page_header(_TITLE, search, [summary], _build_export(wanted), above=ABOVE)],
        "list": build_list(answer, wanted, search),
    }


def build_list(answer: TrafficAnswer, wanted: Wanted, search: str) -> list[Component]:
    """What is left of the reasons, from the row on that the address names."""
    found = list_matching(answer.reasons, wanted)
    if not found:
        return [html.P("No reason matches" if answer.reasons else NOTHING_FILTERED, className="nothing")]
    first = _read_first(wanted, len(found))
    shown = found[first : first + ROWS]
    more = str(first + ROWS) if first + ROWS < len(found) else None
    events = format_counted(sum(each.events for each in found), "event")
    about = f"Showing {format_count(len(shown))} of {format_counted(len(found), 'reason')} · {events} · most first"
    return [
        build_hint(about),
        build_reasons(shown, search),
        *build_next(TRAFFIC_REASONS_PATH, wanted, more, f"{ROWS} reasons"),
    ]


def list_matching(reasons: Sequence[TrafficReason], wanted: Wanted) -> list[TrafficReason]:
    """The reasons of the wanted class that hold the wanted text, in their names or in their sample."""
    text, kind = wanted.get("q", "").strip().lower(), wanted.get("class", _ANY)
    classes = next((each.classes for each in KINDS if each.slug == kind), tuple(NAMES))
    return [each for each in reasons if each.traffic_class in classes and text in _write_out(each)]


def _write_out(each: TrafficReason) -> str:
    return "\n".join((*format_reason(each.reason), each.reason, each.sample or "")).lower()


def _read_first(wanted: Wanted, number: int) -> int:
    given = wanted.get("cursor", "")
    return min(int(given), number - 1) if given.isascii() and given.isdecimal() else 0


def export(api: MetricsApi, wanted: Mapping[str, str]) -> tuple[str, str]:
    """All reasons that the address has not filtered out, as a file with its name.

    Raises InvalidPeriodError.
    """
    answer = api.fetch_traffic(**format_query(read_period(wanted)))
    rows = [each.model_dump().values() for each in list_matching(answer.reasons, wanted)]
    name = f"traffic-reasons_{answer.period.start}_{answer.period.end}.csv"
    return name, BYTE_ORDER_MARK + format_lines([_COLUMNS, *rows])


def _build_export(wanted: Wanted) -> Component:
    href = f"{_EXPORT_PATH}?{urlencode(wanted)}"
    return html.A("Export CSV", href=href, className="button", download="reasons.csv", **{"data-download": "true"})


def _build_filters() -> list[Component]:
    text = dmc.TextInput(
        id=control_id(_SLUG, "q"), label="Search", placeholder="Pattern or user agent", value="", className="filter"
    )
    classes = {_ANY: "All", **{kind.slug: kind.name for kind in KINDS}}
    select = build_select(control_id(_SLUG, "class"), "Class", classes, className="filter")
    filters = html.Div([text, select], className="filters", role="search", **{"aria-label": "Filter"})
    return [dcc.Store(id=f"{_SLUG}-defaults", data=_DEFAULTS), filters]


def _add_own(app: Dash, views: SharedViews) -> None:
    keep_in_address(app, _SLUG, f"{_SLUG}-defaults")

    @app.server.get(_EXPORT_PATH, endpoint="export_traffic_reasons")
    def export_reasons() -> Response:
        wanted = read_search(request.query_string.decode())
        return answer_csv(lambda: export(views.api_of_viewer(), wanted))


LISTED = ListPage(
    path=TRAFFIC_REASONS_PATH,
    slug=_SLUG,
    title=_TITLE,
    about="Loading",
    draw=draw,
    cards=(Form("filter", "Filter", _build_filters), ("list", "Why events got their class")),
    scope=Scope.METRICS_READ,
    above=ABOVE,
    over_period=True,
)
PAGE = build_page(LISTED, add_own=_add_own)
