"""Filtered traffic: how much of which class, by day and by loop, and why."""

from collections.abc import Mapping
from dataclasses import replace

from dash import Dash

from dashboard.links import TRAFFIC_PATH
from dashboard.live.page import build_page
from dashboard.live.view import LivePage
from dashboard.period import format_query, format_search
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from dashboard.traffic import by_day, by_loop, classes, reasons, settings_cards, totals
from dashboard.traffic.snapshot import TrafficSnapshot
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.period import MAX_DAYS, PeriodQuery

CARDS = (
    totals.CARD,
    by_day.CARD,
    by_loop.CARD,
    classes.CARD,
    reasons.CARD,
    settings_cards.APPS,
    settings_cards.DATACENTERS,
)


def fetch_snapshot(api: MetricsApi, period: PeriodQuery, _chosen: Mapping[str, str]) -> TrafficSnapshot:
    """The traffic of a period by day, and its loops."""
    traffic = api.fetch_traffic(**format_query(period), group_by="day", limit=MAX_DAYS, loops=by_loop.ROWS)
    return TrafficSnapshot(traffic, format_search(period))


_PAGE = build_page(
    LivePage(
        path=TRAFFIC_PATH,
        slug="traffic",
        title="Filtered traffic",
        icon="filter",
        cards=CARDS,
        fetch=fetch_snapshot,
    )
)


def _add_callbacks(app: Dash, views: SharedViews, settings: DashboardSettings) -> None:
    _PAGE.add_callbacks(app, views, settings)
    by_day.add_switch(app)


PAGE = replace(_PAGE, group="Detection", add_callbacks=_add_callbacks)
