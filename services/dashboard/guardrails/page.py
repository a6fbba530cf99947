"""The guardrails page: the score, what lowers it, and the traffic behind it."""

from collections.abc import Mapping
from dataclasses import replace

import structlog
from dash import Dash, html
from dash.development.base_component import Component

from dashboard.components.period import NOTHING, OPTION
from dashboard.data import FirstRun, Snapshot
from dashboard.errors import API_FAILURES
from dashboard.growth.cohort_weeks import fetch_cohort_k
from dashboard.guardrails import (
    alerts,
    anomalies,
    bots,
    coppa,
    culprits,
    deductions,
    filtered_traffic,
    first_run,
    flagged_days,
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
from dashboard.period import find_filters, format_query, format_search
from dashboard.public_address import find_api_address
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import CasesAnswer
from viral_contract.models.cohort_k import CohortKAnswer
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery

CARDS = (
    health_score.CARD,
    first_run.CARD,
    deductions.CARD,
    key_figures.CARD,
    culprits.CARD,
    alerts.CARD,
    history.CARD,
    fraud.CARD,
    bots.CARD,
    anomalies.CARD,
    flagged_days.CARD,
    filtered_traffic.CARD,
    opt_outs.CARD,
    coppa.CARD,
)
_MOST_ALERTS = 50
_log = structlog.get_logger()


def fetch_snapshot(api: MetricsApi, period: PeriodQuery, chosen: Mapping[str, str]) -> Snapshot:
    """The guardrails over a period; the history is of at least a month."""
    query, part, comparison = format_query(period), find_filters(chosen), chosen.get(OPTION, "previous")
    health = api.fetch_health(**query, compare=None if comparison == NOTHING else comparison)
    shown = history.find_dates(health.period, chosen.get(history.OPTION), now=health.computed_at)
    dates = {"start": shown.start.isoformat(), "end": shown.end.isoformat()}
    return Snapshot(
        health=health,
        alerts=api.fetch_alerts(),
        history=api.fetch_history(**dates),
        alerts_shown=api.fetch_alerts(status="all", limit=_MOST_ALERTS, **dates).alerts,
        history_days=chosen.get(history.OPTION, "30"),
        traffic=api.fetch_traffic(**query),
        filtered_traffic=api.fetch_traffic(**query, **part) if part else None,
        event_pii=api.fetch_event_pii(**query),
        flagged_days=api.fetch_flagged_days(**query),
        cases=_fetch_cases(api, part),
        may_decide=current_viewer().may(Scope.CASES_WRITE),
        may_act=current_viewer().may(Scope.ALERTS_WRITE),
        search=format_search(period, chosen),
        cohort_k=_fetch_cohort_k(api, period),
        fraud_referrers=fraud_referrers.fetch_card(api, query) if chosen.get(fraud.OPTION) == "referrer" else None,
        first_run=_fetch_first_run(api, has_events=health.last_event_at is not None),
    )


def _fetch_first_run(api: MetricsApi, *, has_events: bool) -> FirstRun | None:
    """How far the first run is, for who does it also after the first event; the page stands without it, too."""
    may_set_up = current_viewer().may(Scope.ADMIN)
    if has_events and not may_set_up:
        return None
    try:
        return FirstRun(api.fetch_setup(), may_set_up, find_api_address())
    except API_FAILURES as error:
        _log.warning("setup_failed", reason=type(error).__name__)
        return None


def _fetch_cases(api: MetricsApi, part: Mapping[str, str]) -> CasesAnswer | None:
    """The cases with the most at stake; the page stands without them, too."""
    try:
        return api.fetch_cases(status="open", order="stake", limit=culprits.ROWS, **part)
    except API_FAILURES as error:
        _log.warning("cases_failed", reason=type(error).__name__)
        return None


def _fetch_cohort_k(api: MetricsApi, period: PeriodQuery) -> CohortKAnswer | None:
    """Honest K; the page stands without it, too, as where growth is switched off."""
    try:
        return fetch_cohort_k(api, period)
    except API_FAILURES as error:
        _log.warning("cohort_k_failed", reason=type(error).__name__)
        return None


_PAGE = build_page(
    LivePage(
        path="/dashboard/guardrails",
        slug="guardrails",
        title="Guardrails",
        icon="shield",
        cards=CARDS,
        fetch=fetch_snapshot,
        options=(fraud.OPTION, OPTION, history.OPTION),
        filters=("source",),
        compares=True,
    )
)


def _build_layout(settings: DashboardSettings) -> Component:
    return html.Div([_PAGE.build_layout(settings), trust.build_toast()])


def _add_callbacks(app: Dash, views: SharedViews, settings: DashboardSettings) -> None:
    _PAGE.add_callbacks(app, views, settings)
    alerts.add_callbacks(app, views)
    trust.add_callbacks(app, views)


PAGE = replace(_PAGE, build_layout=_build_layout, add_callbacks=_add_callbacks)
