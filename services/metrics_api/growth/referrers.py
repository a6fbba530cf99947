"""Who brings the most conversions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import encode_cursor
from metrics_api.detection.query import Query
from metrics_api.detection.quiet import IS_ACTIVE
from metrics_api.growth.intervals import wilson_interval
from viral_contract.models.growth import ReferrerCase, ReferrerPerformance, ReferrersAnswer

CURSOR = "growth-referrers"

_PER_REFERRER = """
    SELECT referrer_id, sum(invites)::bigint AS invites, sum(clicks)::bigint AS clicks,
        sum(conversions)::bigint AS conversions
    FROM activity_per_referrer_day WHERE day BETWEEN :start AND :end AND referrer_id <> ''
    GROUP BY referrer_id HAVING sum(invites + clicks + conversions) > 0
"""
_BEHIND = """
    WHERE (-conversions, -invites, referrer_id) >
        (CAST(:conversions AS bigint), CAST(:invites AS bigint), :referrer_id)
"""
# Of several cases that which accuses; a verdict that has ended accuses nobody.
_WITH_CASE = """
    SELECT shown.*, accusing.* FROM ({shown}) AS shown LEFT JOIN LATERAL (
        SELECT id AS case_id, strength AS case_strength, verdict AS case_verdict FROM cases
        WHERE kind = 'referrer' AND entity = referrer_id AND (status = 'open' OR {is_active} AND verdict = 'fraud')
        ORDER BY status = 'decided' DESC, id DESC LIMIT 1
    ) AS accusing ON true ORDER BY -conversions, -invites, referrer_id
"""
_TOTALS = text(f"""
    SELECT count(*) AS referrers, count(*) FILTER (WHERE invites > 0) AS active_users FROM ({_PER_REFERRER}) AS referrer
""")


def fetch_referrers(connection: Connection, query: Query) -> ReferrersAnswer:
    """The referrers of the period, the most conversions first."""
    dates = {"start": query.period.start, "end": query.period.end}
    names = ("conversions", "invites", "referrer_id")
    after = dict(zip(names, query.page.after, strict=True)) if query.page.after else {}
    shown = f"""
        SELECT * FROM ({_PER_REFERRER}) AS referrer {_BEHIND if after else ""}
        ORDER BY -conversions, -invites, referrer_id LIMIT :fetch
    """
    statement = text(_WITH_CASE.format(shown=shown, is_active=IS_ACTIVE))
    rows = connection.execute(statement, {**dates, **after, "fetch": query.page.fetch, "now": query.now}).all()
    return format_referrers(rows, connection.execute(_TOTALS, dates).one(), query)


def format_referrers(rows: Sequence[Row[Any]], totals: Row[Any], query: Query) -> ReferrersAnswer:
    """The answer for the fetched rows, of which the last may belong to the next page."""
    shown, last = query.page.split(rows)
    key = last and (-last.conversions, -last.invites, last.referrer_id)
    return ReferrersAnswer(
        period=query.period,
        computed_at=query.now,
        referrers=[_format_referrer(row, totals.active_users) for row in shown],
        total_referrers=totals.referrers,
        next_cursor=key and encode_cursor(query.identifiers.references, CURSOR, key),
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
