"""Who brings the most conversions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

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
    "clean_conversions": SortKey("conversions - flagged_conversions", "bigint"),
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
_WITH_FLAGGED = """
    SELECT referrer.*, coalesce(flagged, 0) AS flagged_conversions FROM ({per_referrer}) AS referrer
    LEFT JOIN unnest(CAST(:suspects AS text[]), CAST(:flagged AS bigint[])) AS suspect (referrer_id, flagged)
        USING (referrer_id)
"""
# Those under a case that flags or judged fraud, and those with a case that only looks where another rule flags.
_IS_ACCUSED = f"""referrer_id IN (
    SELECT entity FROM cases WHERE kind = 'referrer' AND (
        status = 'open' AND (strength = 'flags' OR entity = ANY(:suspects)) OR {IS_ACTIVE} AND verdict = 'fraud'))
"""
_MOST_NOT_RANKED = 3
_IS_FOUND = "(CAST(:q AS text) IS NULL OR position(lower(:q) IN lower(referrer_id)) > 0)"
# Of several cases that which accuses; a verdict that has ended accuses nobody.
_WITH_CASE = """
    SELECT shown.*, accusing.* FROM ({shown}) AS shown LEFT JOIN LATERAL (
        SELECT id AS case_id, strength AS case_strength, verdict AS case_verdict, rules AS case_rules FROM cases
        WHERE kind = 'referrer' AND entity = referrer_id AND (status = 'open' OR {is_active} AND verdict = 'fraud')
        ORDER BY status = 'decided' DESC, id DESC LIMIT 1
    ) AS accusing ON true {order_by}
"""
_TOTALS = f"""
    SELECT count(*) FILTER (WHERE {_IS_FOUND}) AS referrers, count(*) FILTER (WHERE invites > 0) AS active_users
    FROM ({{per_referrer}}) AS referrer
"""


@dataclass(frozen=True)
class Wanted:
    """Which referrers to list: those whose id has the `text`, and of these only those that are `ranked`."""

    text: str | None = None
    ranked: bool = False


def build_sorting(sort: PerformanceSort = "conversions", order: SortOrder | None = None) -> Sorting[PerformanceSort]:
    """The order of the referrers, the most conversions first where none is asked for."""
    return Sorting("growth_referrers", _KEYS, _TIE, sort, order)


def fetch_referrers(
    connection: Connection,
    query: Query,
    suspect: Mapping[str, int],
    sorting: Sorting[PerformanceSort] | None = None,
    wanted: Wanted = Wanted(),
) -> ReferrersAnswer:
    """The wanted referrers of the period, so many of whose conversions are flagged."""
    sorting = sorting or build_sorting()
    given: dict[str, Any] = {"start": query.period.start, "end": query.period.end, "q": wanted.text, "now": query.now}
    given |= {"suspects": list(suspect), "flagged": list(suspect.values()), **query.filter.values}
    per_referrer = _PER_REFERRER.format(activity=build_activity(query.filter))
    totals = connection.execute(text(_TOTALS.format(per_referrer=per_referrer)), given).one()
    counted = _WITH_FLAGGED.format(per_referrer=per_referrer)
    page = _build_page(counted, query, sorting, wanted)
    rows = connection.execute(page, {**given, **sorting.list_values(query.page)}).all()
    shown, last = query.page.split(rows)
    return ReferrersAnswer(
        period=query.period,
        computed_at=query.now,
        referrers=[_format_referrer(row, totals.active_users) for row in shown],
        not_ranked=_fetch_not_ranked(connection, counted, given, totals.active_users) if wanted.ranked else [],
        total_referrers=totals.referrers,
        next_cursor=sorting.format_cursor(query.identifiers.references, last),
    )


def _build_page(counted: str, query: Query, sorting: Sorting[PerformanceSort], wanted: Wanted) -> TextClause:
    """The statement that lists a page, each row with its case."""
    is_wanted = f"{_IS_FOUND} AND NOT {_IS_ACCUSED}" if wanted.ranked else _IS_FOUND
    shown = f"""
        SELECT * FROM (SELECT *, {sorting.select} FROM ({counted}) AS referrer WHERE {is_wanted}) AS sorted
        WHERE {sorting.build_behind(query.page)} {sorting.order_by} LIMIT :fetch
    """
    return text(_WITH_CASE.format(shown=shown, is_active=IS_ACTIVE, order_by=sorting.order_by))


def _fetch_not_ranked(
    connection: Connection, counted: str, given: dict[str, Any], active_users: int
) -> list[ReferrerPerformance]:
    """Those under a case, the most conversions first."""
    order_by = "ORDER BY conversions DESC, referrer_id"
    shown = f"SELECT * FROM ({counted}) AS referrer WHERE {_IS_ACCUSED} {order_by} LIMIT {_MOST_NOT_RANKED}"
    statement = text(_WITH_CASE.format(shown=shown, is_active=IS_ACTIVE, order_by=order_by))
    return [_format_referrer(row, active_users) for row in connection.execute(statement, given)]


def _format_referrer(row: Row[Any], active_users: int) -> ReferrerPerformance:
    return ReferrerPerformance(
        referrer_id=row.referrer_id,
        invites=row.invites,
        clicks=row.clicks,
        conversions=row.conversions,
        flagged_conversions=row.flagged_conversions,
        k_contribution=row.conversions / active_users if active_users else 0,
        k_contribution_clean=(row.conversions - row.flagged_conversions) / active_users if active_users else 0,
        conversion_rate=row.conversions / row.clicks if row.clicks else 0,
        conversion_rate_interval=wilson_interval(row.conversions, row.clicks),
        case=_format_case(row) if row.case_id else None,
    )


def _format_case(row: Row[Any]) -> ReferrerCase:
    return ReferrerCase(id=row.case_id, strength=row.case_strength, verdict=row.case_verdict, rules=row.case_rules)
