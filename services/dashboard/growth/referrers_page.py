"""All referrers of a period."""

from dashboard.growth import page as growth
from dashboard.growth import referrers
from dashboard.investigations.listing_page import PeriodList, build_page

PAGE = build_page(
    PeriodList(
        path=referrers.PATH,
        slug="all-referrers",
        title="Referrers",
        fetch=lambda api, query: api.fetch_referrers(**query),
        build_rows=referrers.build_rows,
        above=(growth.PAGE.title, growth.PAGE.path),
    )
)
