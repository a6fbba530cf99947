"""Filtered traffic: how much of which class, by day and by loop, and why."""

from dataclasses import replace

from dashboard.live.page import build_page
from dashboard.live.view import LivePage
from dashboard.period import format_query
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


def fetch_snapshot(api: MetricsApi, period: PeriodQuery) -> TrafficSnapshot:
    """The traffic of a period, grouped both ways."""
    query = format_query(period)
    return TrafficSnapshot(
        by_day=api.fetch_traffic(**query, group_by="day", limit=MAX_DAYS),
        by_loop=api.fetch_traffic(**query, group_by="source", limit=by_loop.ROWS),
    )


_PAGE = build_page(
    LivePage(
        path="/dashboard/traffic",
        slug="traffic",
        title="Filtered traffic",
        icon="filter",
        cards=CARDS,
        fetch=fetch_snapshot,
    )
)
PAGE = replace(_PAGE, group="Detection")
