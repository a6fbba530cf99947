"""Who brings the most conversions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.sorting import Sorting, SortKey
from metrics_api.detection.query import Query
from metrics_api.detection.quiet import IS_ACTIVE
from metrics_api.growth.activity import build_activity
from metrics_api.growth.intervals import wilson_interval
from viral_contract.models.flagged import SortOrder
from viral_contract.models.growth import PerformanceSort, ReferrerCase, ReferrerPerformance, ReferrersAnswer

_KEYS: dict[PerformanceSort, SortKey] = {
    "referrer": SortKey("referrer_id", "text", is_descending=False),
    "conversions": SortKey("conversions", "bigint"),
    "invites": SortKey("invites", "bigint"),
    "clicks": SortKey("clicks", "bigint"),
    "conversion_rate": SortKey("coalesce(round(conversions / nullif(clicks, 0)::numeric, 9), 0)", "numeric"),
}
# More invites come first, then names from a to z.
_TIE = SortKey("lpad((10 ^ 12 - invites)::bigint::text, 13, '0') || referrer_id", "text")

_PER_REFERRER = """
    SELECT referrer_id, sum(invites)::bigint AS invites, sum(clicks)::bigint AS clicks,
        sum(conversions)::bigint AS conversions
    FROM {activity} WHERE day BETWEEN :start AND :end AND referrer_id <> ''
    GROUP BY referrer_id HAVING sum(invites + clicks + conversions) > 0
"""
_IS_FOUND = "(CAST(:q AS text) IS NULL OR position(lower(:q) IN lower(referrer_id)) > 0)"
# Of several cases that which accuses; a verdict that has ended accuses nobody.
_WITH_CASE = """
    SELECT shown.*, accusing.* FROM ({shown}) AS shown LEFT JOIN LATERAL (
        SELECT id AS case_id, strength AS case_strength, verdict AS case_verdict FROM cases
        WHERE kind = 'referrer' AND entity = referrer_id AND (status = 'open' OR {is_active} AND verdict = 'fraud')
        ORDER BY status = 'decided' DESC, id DESC LIMIT 1
    ) AS accusing ON true {order_by}
"""
_TOTALS = f"""
    SELECT count(*) FILTER (WHERE {_IS_FOUND}) AS referrers, count(*) FILTER (WHERE invites > 0) AS active_users
    FROM ({{per_referrer}}) AS referrer
"""


def build_sorting(sort: PerformanceSort = "conversions", order: SortOrder | None = None) -> Sorting[PerformanceSort]:
    """The order of the referrers, the most conversions first where none is asked for."""
    return Sorting("growth_referrers", _KEYS, _TIE, sort, order)


def fetch_referrers(
    connection: Connection,
    query: Query,
    sorting: Sorting[PerformanceSort] | None = None,
    text_wanted: str | None = None,
) -> ReferrersAnswer:
    """The referrers of the period whose id has the text."""
    sorting = sorting or build_sorting()
    per_referrer = _PER_REFERRER.format(activity=build_activity(query.filter))
    shown = f"""
        SELECT * FROM (SELECT *, {sorting.select} FROM ({per_referrer}) AS referrer WHERE {_IS_FOUND}) AS sorted
        WHERE {sorting.build_behind(query.page)} {sorting.order_by} LIMIT :fetch
    """
    statement = text(_WITH_CASE.format(shown=shown, is_active=IS_ACTIVE, order_by=sorting.order_by))
    given = {"start": query.period.start, "end": query.period.end, "q": text_wanted, **query.filter.values}
    totals = text(_TOTALS.format(per_referrer=per_referrer))
    rows = connection.execute(statement, {**given, **sorting.list_values(query.page), "now": query.now}).all()
    return format_referrers(rows, connection.execute(totals, given).one(), sorting, query)


def format_referrers(
    rows: Sequence[Row[Any]], totals: Row[Any], sorting: Sorting[PerformanceSort], query: Query
) -> ReferrersAnswer:
    """The answer for the fetched rows, of which the last may belong to the next page."""
    shown, last = query.page.split(rows)
    return ReferrersAnswer(
        period=query.period,
        computed_at=query.now,
        referrers=[_format_referrer(row, totals.active_users) for row in shown],
        total_referrers=totals.referrers,
        next_cursor=sorting.format_cursor(query.identifiers.references, last),
    )


def _format_referrer(row: Row[Any], active_users: int) -> ReferrerPerformance:
    return ReferrerPerformance(
        referrer_id=row.referrer_id,
        invites=row.invites,
        clicks=row.clicks,
        conversions=row.conversions,
        k_contribution=row.conversions / active_users if active_users else 0,
        conversion_rate=row.conversions / row.clicks if row.clicks else 0,
        conversion_rate_interval=wilson_interval(row.conversions, row.clicks),
        case=_format_case(row) if row.case_id else None,
    )


def _format_case(row: Row[Any]) -> ReferrerCase:
    return ReferrerCase(id=row.case_id, strength=row.case_strength, verdict=row.case_verdict)
