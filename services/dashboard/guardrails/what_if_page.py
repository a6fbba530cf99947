"""Try other thresholds: what score, flags and alerts would be, and how to keep it. The address holds what is tried."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components.address_controls import control_id, keep_in_address
from dashboard.components.card import build_blank
from dashboard.components.messages import build_failure
from dashboard.components.page_header import build_page_header
from dashboard.drafts.tabs import ABOVE, build_tabs
from dashboard.errors import API_FAILURES, is_refused
from dashboard.guardrails.thresholds import KNOBS, ThresholdValues, build_thresholds
from dashboard.guardrails.what_if import build_result, format_summary
from dashboard.links import RULES_PATH, WHAT_IF_PATH
from dashboard.page import Page
from dashboard.period import InvalidPeriodError, Query, format_query, format_search, parse_period, read_search
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.models.what_if import WhatIfAnswer

TITLE = "Try other thresholds"
_PAGE = "what-if"
_CONFIGURED = "what-if-configured"
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The page before its data."""
    return html.Div(
        [
            dcc.Store(id=_CONFIGURED),
            html.Div(build_page_header(TITLE, "", [], above=ABOVE), id="what-if-header"),
            build_tabs(WHAT_IF_PATH),
            html.P(id="what-if-said", className="said what-if-said", role="status"),
            html.Div(
                [
                    html.Div([build_blank(420)], id="what-if-result", className="stack what-if-result"),
                    html.Div([build_blank(900)], id="what-if-form", className="stack"),
                ],
                className="what-if",
            ),
        ]
    )


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """The address asks the server; the browser keeps the controls and the address the same."""

    def show(search: str | None, configured: ThresholdValues | None) -> dict[str, Any]:
        return try_thresholds(views, search, configured)

    app.callback(
        output={
            "header": Output("what-if-header", "children"),
            "said": Output("what-if-said", "children"),
            "result": Output("what-if-result", "children"),
            "form": Output("what-if-form", "children"),
            "configured": Output(_CONFIGURED, "data"),
        },
        inputs={"search": Input("url", "search"), "configured": State(_CONFIGURED, "data")},
    )(show)
    keep_in_address(app, _PAGE, _CONFIGURED)


def try_thresholds(views: SharedViews, search: str | None, configured: ThresholdValues | None) -> dict[str, Any]:
    """What to show for the thresholds in the address, by the names of the callback's outputs.

    The form is drawn with the first answer; from then on the browser keeps it in step with the address.
    """
    try:
        period = parse_period(search)
    except InvalidPeriodError as error:
        return _say(build_failure(error, WHAT_IF_PATH), configured)
    query, tried = format_query(period), parse_thresholds(search)
    try:
        answer = _fetch(views, {**query, **tried})
        known = configured or (_fetch(views, query) if tried else answer).limits
    except API_FAILURES as error:
        if not is_refused(error):
            _log.warning("what_if_failed", reason=str(error))
        here, cleared = WHAT_IF_PATH + (search or ""), WHAT_IF_PATH + format_search(period)
        return _say(build_failure(error, here, cleared=cleared), configured)
    return _draw(answer, known, format_search(period), tried, is_first=configured is None)


def parse_thresholds(search: str | None) -> dict[str, str]:
    """The thresholds of the form that the address names, as they stand there."""
    given = read_search(search)
    return {knob.name: given[knob.name] for knob in KNOBS if knob.name in given}


def _fetch(views: SharedViews, query: Query | Mapping[str, str | int]) -> WhatIfAnswer:
    answer: WhatIfAnswer = views.get((WHAT_IF_PATH, *query.items()), lambda api: api.fetch_what_if(**query))
    return answer


def _draw(
    answer: WhatIfAnswer, configured: ThresholdValues, search: str, tried: Mapping[str, str], *, is_first: bool
) -> dict[str, Any]:
    form = build_thresholds(answer.limits, lambda name, part: control_id(_PAGE, name, part))
    return {
        "header": build_page_header(TITLE, "", [], above=ABOVE),
        "said": format_summary(answer),
        "result": build_result(answer, WHAT_IF_PATH + search, f"{RULES_PATH}?{urlencode(tried)}"),
        "form": form if is_first else no_update,
        "configured": dict(configured) if is_first else no_update,
    }


def _say(message: Component, configured: ThresholdValues | None) -> dict[str, Any]:
    """The message instead of a result; a form that never came does not look as if it were still to come."""
    return {
        "header": no_update,
        "said": "",
        "result": [message],
        "form": no_update if configured else [],
        "configured": no_update,
    }


PAGE = Page(WHAT_IF_PATH, TITLE, build_layout, add_callbacks)
