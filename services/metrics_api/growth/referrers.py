"""Who brings the most conversions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from metrics_api.db.sorting import Sorting, SortKey
from metrics_api.detection.query import Query
from metrics_api.detection.quiet import IS_ACTIVE
from metrics_api.growth.activity import build_active_referrers, build_activity, build_inviters
from metrics_api.growth.intervals import wilson_interval
from metrics_api.growth.leading_referrers import find_leading
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
    FROM {activity} WHERE {which} AND referrer_id <> ''
    GROUP BY referrer_id HAVING bool_or(invites + clicks + conversions > 0)
"""
_ALL = "day BETWEEN :start AND :end"
_LEADING = "day = ANY(:days) AND referrer_id = ANY(:leading)"
_LED_BY: Collection[PerformanceSort] = ("conversions", "clean_conversions")
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
_TOTALS = """
    SELECT active_users, referrers FROM ({inviters}) AS inviters CROSS JOIN ({referrers}) AS found
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
    given: dict[str, Any] = {"start": query.period.start, "end": query.period.end, "days": query.period.dates()}
    given |= {
        "q": wanted.text,
        "now": query.now,
        "suspects": list(suspect),
        "flagged": list(suspect.values()),
        **query.filter.values,
    }
    found = build_active_referrers(query.filter, having=_IS_FOUND if wanted.text else None)
    counting = _TOTALS.format(inviters=build_inviters(query.filter), referrers=found)
    totals = connection.execute(text(counting), given).one()
    rows = _fetch_page(connection, query, given, sorting, wanted)
    shown, last = query.page.split(rows)
    return ReferrersAnswer(
        period=query.period,
        computed_at=query.now,
        referrers=[_format_referrer(row, totals.active_users) for row in shown],
        not_ranked=_fetch_not_ranked(connection, query, given, totals.active_users) if wanted.ranked else [],
        total_referrers=totals.referrers,
        next_cursor=sorting.format_cursor(query.identifiers.references, last),
    )


def _fetch_page(
    connection: Connection, query: Query, given: dict[str, Any], sorting: Sorting[PerformanceSort], wanted: Wanted
) -> Sequence[Row[Any]]:
    """The rows of a page; those of the first by conversions without adding up everybody's."""
    is_wanted = f"{_IS_FOUND} AND NOT {_IS_ACCUSED}" if wanted.ranked else _IS_FOUND
    leading = None
    if _begins_with_leaders(query, sorting, wanted):
        leading = find_leading(
            connection,
            query,
            given,
            value=_KEYS[sorting.sort].expression,
            apart=given["suspects"] if sorting.sort == "clean_conversions" else (),
            counted=_WITH_FLAGGED,
            is_wanted=is_wanted,
        )
    which = _ALL if leading is None else _LEADING
    page = _build_page(_build_counted(query, which), query, sorting, is_wanted)
    return connection.execute(page, {**given, **sorting.list_values(query.page), "leading": leading}).all()


def _build_counted(query: Query, which: str) -> str:
    """The statement that adds up what some referrers did in the period, with what of it is flagged."""
    per_referrer = _PER_REFERRER.format(activity=build_activity(query.filter), which=which)
    return _WITH_FLAGGED.format(per_referrer=per_referrer)


def _begins_with_leaders(query: Query, sorting: Sorting[PerformanceSort], wanted: Wanted) -> bool:
    is_first = query.page.after is None and wanted.text is None and query.filter.campaign is None
    return is_first and sorting.sort in _LED_BY and sorting.is_descending


def _build_page(counted: str, query: Query, sorting: Sorting[PerformanceSort], is_wanted: str) -> TextClause:
    """The statement that lists a page, each row with its case."""
    shown = f"""
        SELECT * FROM (SELECT *, {sorting.select} FROM ({counted}) AS referrer WHERE {is_wanted}) AS sorted
        WHERE {sorting.build_behind(query.page)} {sorting.order_by} LIMIT :fetch
    """
    return text(_WITH_CASE.format(shown=shown, is_active=IS_ACTIVE, order_by=sorting.order_by))


def _fetch_not_ranked(
    connection: Connection, query: Query, given: dict[str, Any], active_users: int
) -> list[ReferrerPerformance]:
    """Those under a case, the most conversions first."""
    order_by = "ORDER BY conversions DESC, referrer_id"
    counted = _build_counted(query, f"day = ANY(:days) AND {_IS_ACCUSED}")
    shown = f"SELECT * FROM ({counted}) AS referrer {order_by} LIMIT {_MOST_NOT_RANKED}"
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
