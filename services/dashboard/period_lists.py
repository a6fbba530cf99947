"""The table of pages that list everything of one kind in a period."""

from dashboard.growth import page as growth
from dashboard.growth import referrers
from dashboard.guardrails import anomalies, bots, fraud
from dashboard.lists.period_list import PeriodList, build_page
from viral_contract.client.metrics_api import MetricsApi

FLAGGED = (
    build_page(
        PeriodList(
            path=fraud.PATH,
            slug="flagged-ips",
            title="Flagged IPs",
            fetch=MetricsApi.fetch_fraud,
            build_rows=fraud.build_rows,
        )
    ),
    build_page(
        PeriodList(
            path=bots.PATH,
            slug="flagged-devices",
            title="Flagged devices",
            fetch=MetricsApi.fetch_bots,
            build_rows=bots.build_rows,
        )
    ),
    build_page(
        PeriodList(
            path=anomalies.PATH,
            slug="flagged-referrers",
            title="Flagged referrers",
            fetch=MetricsApi.fetch_anomalies,
            build_rows=anomalies.build_rows,
        )
    ),
)
REFERRERS = build_page(
    PeriodList(
        path=referrers.PATH,
        slug="all-referrers",
        title="Referrers",
        fetch=MetricsApi.fetch_referrers,
        build_rows=referrers.build_rows,
        above=(growth.PAGE.title, growth.PAGE.path),
    )
)
