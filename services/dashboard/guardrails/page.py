"""The guardrails page: the score, what lowers it, and the traffic behind it."""

from collections.abc import Mapping
from dataclasses import replace

import structlog
from dash import Dash, html
from dash.development.base_component import Component

from dashboard.data import SharedViews, Snapshot
from dashboard.errors import API_FAILURES
from dashboard.guardrails import (
    alerts,
    anomalies,
    bots,
    coppa,
    culprits,
    deductions,
    filtered_traffic,
    fraud,
    fraud_referrers,
    health_score,
    history,
    key_figures,
    opt_outs,
    trust,
)
from dashboard.live.page import build_page
from dashboard.live.view import LivePage
from dashboard.period import format_query, format_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import CasesAnswer
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery

CARDS = (
    health_score.CARD,
    deductions.CARD,
    key_figures.CARD,
    culprits.CARD,
    alerts.CARD,
    history.CARD,
    fraud.CARD,
    bots.CARD,
    anomalies.CARD,
    filtered_traffic.CARD,
    opt_outs.CARD,
    coppa.CARD,
)
_HISTORY_DAYS = 7
_log = structlog.get_logger()


def fetch_snapshot(api: MetricsApi, period: PeriodQuery, chosen: Mapping[str, str]) -> Snapshot:
    """The guardrails over a period; alerts and history are of the last days, whatever the period."""
    query = format_query(period)
    return Snapshot(
        health=api.fetch_health(**query),
        alerts=api.fetch_alerts(),
        history=api.fetch_history(days=_HISTORY_DAYS),
        traffic=api.fetch_traffic(**query),
        event_pii=api.fetch_event_pii(**query),
        cases=_fetch_cases(api),
        may_decide=current_viewer().may(Scope.CASES_WRITE),
        search=format_search(period),
        fraud_referrers=fraud_referrers.fetch_card(api, query) if chosen.get(fraud.OPTION) == "referrer" else None,
    )


def _fetch_cases(api: MetricsApi) -> CasesAnswer | None:
    """The cases with the most at stake; the page stands without them, too."""
    try:
        return api.fetch_cases(status="open", order="stake", limit=culprits.ROWS)
    except API_FAILURES as error:
        _log.warning("cases_failed", reason=type(error).__name__)
        return None


_PAGE = build_page(
    LivePage(
        path="/dashboard/guardrails",
        slug="guardrails",
        title="Guardrails",
        icon="shield",
        cards=CARDS,
        fetch=fetch_snapshot,
        options=(fraud.OPTION,),
    )
)


def _build_layout(settings: DashboardSettings) -> Component:
    return html.Div([_PAGE.build_layout(settings), trust.build_toast()])


def _add_callbacks(app: Dash, views: SharedViews, settings: DashboardSettings) -> None:
    _PAGE.add_callbacks(app, views, settings)
    trust.add_callbacks(app, views)


PAGE = replace(_PAGE, build_layout=_build_layout, add_callbacks=_add_callbacks)
