"""The table of pages that list everything of one kind in a period."""

from dashboard.growth import page as growth
from dashboard.growth import referrers
from dashboard.guardrails import anomalies, bots, fraud
from dashboard.lists.period_list import PeriodList, build_page
from viral_contract.client.metrics_api import MetricsApi

FLAGGED = (
    build_page(PeriodList(fraud.PATH, "flagged-ips", "Flagged IPs", MetricsApi.fetch_fraud, fraud.build_rows)),
    build_page(PeriodList(bots.PATH, "flagged-devices", "Flagged devices", MetricsApi.fetch_bots, bots.build_rows)),
    build_page(
        PeriodList(
            anomalies.PATH, "flagged-referrers", "Flagged referrers", MetricsApi.fetch_anomalies, anomalies.build_rows
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
