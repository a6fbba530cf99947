"""The growth page: K, why it changed, how fragile it is, and where users come from."""

from collections.abc import Mapping
from dataclasses import replace

from dash import Dash

from dashboard.components.period import NOTHING, OPTION
from dashboard.data import GrowthSnapshot
from dashboard.growth import (
    by_day,
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
from dashboard.period import FILTERS, find_filters, format_query, format_search
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.period import PeriodQuery

CARDS = (
    honest_k.CARD,
    cohort_k.CARD,
    k_change.CARD,
    spread.CARD,
    by_day.CARD,
    loops.CARD,
    referrers.CARD,
    funnel.CARD,
    cohorts.CARD,
    cycle_time.CARD,
)


def fetch_snapshot(api: MetricsApi, period: PeriodQuery, chosen: Mapping[str, str]) -> GrowthSnapshot:
    """Growth over a period; retention is that of the last weeks, whatever the period."""
    query = format_query(period)
    part = find_filters(chosen)
    wanted, of_loop = {**query, **part}, {name: part[name] for name in ("source",) if name in part}
    comparison = chosen.get(OPTION, "previous")
    compares = comparison != NOTHING
    return GrowthSnapshot(
        k_factor=api.fetch_k_factor(**wanted, compare=comparison if compares else "previous"),
        cohort_k=cohort_weeks.fetch_cohort_k(api, period, part),
        spread=api.fetch_spread(**wanted),
        series=by_day.fetch_series(api, period, chosen),
        funnel=api.fetch_funnel(**query, **of_loop),
        loops=api.fetch_loops(**wanted, limit=loops.MOST_ROWS),
        cohorts=api.fetch_cohorts(**of_loop),
        cycle_time=api.fetch_cycle_time(**query, **of_loop),
        referrers=api.fetch_referrers(**wanted, sort="clean_conversions", ranked=True, limit=referrers.ROWS_ON_CARD),
        search=format_search(period, chosen),
        compares=compares,
    )


def _add_callbacks(app: Dash, views: SharedViews, settings: DashboardSettings) -> None:
    _PAGE.add_callbacks(app, views, settings)
    cohort_k.add_switch(app)
    by_day.add_switch(app)


_PAGE = build_page(
    LivePage(
        path="/dashboard/growth",
        slug="growth",
        title="Growth",
        icon="growth",
        cards=CARDS,
        fetch=fetch_snapshot,
        options=(OPTION, by_day.OPTION),
        filters=FILTERS,
        compares=True,
    )
)
PAGE = replace(_PAGE, add_callbacks=_add_callbacks)
