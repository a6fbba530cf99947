"""The table of pages that list everything of one kind in a period."""

from dashboard.growth import page as growth
from dashboard.growth import referrers
from dashboard.guardrails import anomalies, bots, fraud
from dashboard.investigations.listing_page import PeriodList, build_page

FLAGGED = (
    build_page(
        PeriodList(
            path=fraud.PATH,
            slug="flagged-ips",
            title="Flagged IPs",
            fetch=lambda api, query: api.fetch_fraud(**query),
            build_rows=fraud.build_rows,
        )
    ),
    build_page(
        PeriodList(
            path=bots.PATH,
            slug="flagged-devices",
            title="Flagged devices",
            fetch=lambda api, query: api.fetch_bots(**query),
            build_rows=bots.build_rows,
        )
    ),
    build_page(
        PeriodList(
            path=anomalies.PATH,
            slug="flagged-referrers",
            title="Flagged referrers",
            fetch=lambda api, query: api.fetch_anomalies(**query),
            build_rows=anomalies.build_rows,
        )
    ),
)
REFERRERS = build_page(
    PeriodList(
        path=referrers.PATH,
        slug="all-referrers",
        title="Referrers",
        fetch=lambda api, query: api.fetch_referrers(**query),
        build_rows=referrers.build_rows,
        above=(growth.PAGE.title, growth.PAGE.path),
    )
)
