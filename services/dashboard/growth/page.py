"""The growth page: K, why it changed, how fragile it is, and where users come from."""

from collections.abc import Mapping
from dataclasses import replace

from dash import Dash

from dashboard.components.period import NOTHING, OPTION
from dashboard.data import GrowthSnapshot, SharedViews
from dashboard.growth import (
    cohort_k,
    cohort_weeks,
    cohorts,
    cycle_time,
    funnel,
    honest_k,
    k_change,
    loops,
    referrers,
    spread,
)
from dashboard.live.page import build_page
from dashboard.live.view import LivePage
from dashboard.period import format_query, format_search
from dashboard.settings import DashboardSettings
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.period import PeriodQuery

CARDS = (
    honest_k.CARD,
    cohort_k.CARD,
    k_change.CARD,
    spread.CARD,
    loops.CARD,
    referrers.CARD,
    funnel.CARD,
    cohorts.CARD,
    cycle_time.CARD,
)


def fetch_snapshot(api: MetricsApi, period: PeriodQuery, chosen: Mapping[str, str]) -> GrowthSnapshot:
    """Growth over a period; retention is that of the last weeks, whatever the period."""
    query = format_query(period)
    comparison = chosen.get(OPTION, "previous")
    compares = comparison != NOTHING
    return GrowthSnapshot(
        k_factor=api.fetch_k_factor(**query, compare=comparison if compares else "previous"),
        cohort_k=cohort_weeks.fetch_cohort_k(api, period),
        spread=api.fetch_spread(**query),
        funnel=api.fetch_funnel(**query),
        loops=api.fetch_loops(**query, limit=loops.MOST_ROWS),
        cohorts=api.fetch_cohorts(),
        cycle_time=api.fetch_cycle_time(**query),
        referrers=api.fetch_referrers(**query, sort="clean_conversions", ranked=True, limit=referrers.ROWS_ON_CARD),
        search=format_search(period),
        compares=compares,
    )


def _add_callbacks(app: Dash, views: SharedViews, settings: DashboardSettings) -> None:
    _PAGE.add_callbacks(app, views, settings)
    cohort_k.add_switch(app)


_PAGE = build_page(
    LivePage(
        path="/dashboard/growth",
        slug="growth",
        title="Growth",
        icon="growth",
        cards=CARDS,
        fetch=fetch_snapshot,
        options=(OPTION,),
        compares=True,
    )
)
PAGE = replace(_PAGE, add_callbacks=_add_callbacks)
