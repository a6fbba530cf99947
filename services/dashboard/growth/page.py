"""The growth page: K, why it changed, and where users come from."""

from collections.abc import Mapping

from dashboard.components.period import NOTHING, OPTION
from dashboard.data import GrowthSnapshot
from dashboard.growth import cohorts, cycle_time, funnel, k_change, k_factor, k_timeline, loops, referrers
from dashboard.live.page import build_page
from dashboard.live.view import LivePage
from dashboard.period import format_query, format_search
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.period import PeriodQuery

CARDS = (
    k_factor.CARD,
    k_timeline.CARD,
    k_change.CARD,
    funnel.CARD,
    loops.CARD,
    referrers.CARD,
    cohorts.CARD,
    cycle_time.CARD,
)


def fetch_snapshot(api: MetricsApi, period: PeriodQuery, chosen: Mapping[str, str]) -> GrowthSnapshot:
    """Growth over a period; the cohorts are those of the last weeks, whatever the period."""
    query = format_query(period)
    comparison = chosen.get(OPTION, "previous")
    compares = comparison != NOTHING
    return GrowthSnapshot(
        k_factor=api.fetch_k_factor(**query, compare=comparison if compares else "previous"),
        timeline=api.fetch_timeline(**query),
        funnel=api.fetch_funnel(**query),
        loops=api.fetch_loops(**query, limit=loops.MOST_ROWS),
        cohorts=api.fetch_cohorts(),
        cycle_time=api.fetch_cycle_time(**query),
        referrers=api.fetch_referrers(**query, limit=referrers.ROWS_ON_CARD),
        search=format_search(period),
        compares=compares,
    )


PAGE = build_page(
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
