"""All referrers of a period."""

from dashboard.components import referrers
from dashboard.pages import growth
from dashboard.pages.listing import PeriodList, build_page

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
