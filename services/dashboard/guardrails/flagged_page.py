"""All flagged traffic of a period."""

from dashboard.guardrails import anomalies, bots, fraud
from dashboard.investigations.listing_page import PeriodList, build_page

FLAGGED_IPS = build_page(
    PeriodList(
        path=fraud.PATH,
        slug="flagged-ips",
        title="Flagged IPs",
        fetch=lambda api, query: api.fetch_fraud(**query),
        build_rows=fraud.build_rows,
    )
)
FLAGGED_DEVICES = build_page(
    PeriodList(
        path=bots.PATH,
        slug="flagged-devices",
        title="Flagged devices",
        fetch=lambda api, query: api.fetch_bots(**query),
        build_rows=bots.build_rows,
    )
)
FLAGGED_REFERRERS = build_page(
    PeriodList(
        path=anomalies.PATH,
        slug="flagged-referrers",
        title="Flagged referrers",
        fetch=lambda api, query: api.fetch_anomalies(**query),
        build_rows=anomalies.build_rows,
    )
)
