"""The loops by which people invite, side by side."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import encode_cursor
from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import EVERYTHING, Filter, Query
from metrics_api.growth.activity import SUMS, build_inviters, build_totals
from metrics_api.growth.clean import fetch_flagged
from metrics_api.growth.intervals import wilson_interval
from viral_contract.models.growth import LoopPerformance, LoopsAnswer
from viral_contract.models.period import Period
from viral_reports.figures import name_loop

CURSOR = "growth-loops"

_LOOPS = f"""
    SELECT loop.*, coalesce(active_users, 0) AS active_users FROM (
        SELECT source, {SUMS} FROM {{totals}} WHERE day BETWEEN :start AND :end AND source <> ''
        GROUP BY source HAVING sum(invites + clicks + conversions) > 0
    ) AS loop LEFT JOIN ({{inviters}}) AS inviting USING (source)
"""


def fetch_loops(connection: Connection, query: Query) -> LoopsAnswer:
    """One page of the period's loops, the highest K first."""
    flagged = fetch_flagged(connection, query, fetch_active_lists(connection, query))
    loops = fetch_loop_performance(connection, query.period, flagged.by_loop(query.period), query.filter)
    if query.page.after:
        k_factor, conversions, source = query.page.after
        behind = (float(k_factor), int(conversions), source)
        shown, last = query.page.split([loop for loop in loops if _position(loop) > behind])
    else:
        shown, last = query.page.split(loops)
    return LoopsAnswer(
        period=query.period,
        computed_at=query.now,
        loops=shown,
        total_loops=len(loops),
        next_cursor=last and encode_cursor(query.identifiers.references, CURSOR, _position(last)),
    )


def fetch_loop_performance(
    connection: Connection, period: Period, suspect: Mapping[str, int], wanted: Filter = EVERYTHING
) -> list[LoopPerformance]:
    """Every loop with any activity, so many of whose conversions are flagged; a loop without invites has K 0."""
    statement = text(_LOOPS.format(totals=build_totals(wanted), inviters=build_inviters(wanted, "source")))
    rows = connection.execute(statement, {"start": period.start, "end": period.end, **wanted.values}).all()
    loops = [_format_row(row, suspect.get(row.source, 0)) for row in rows]
    return sorted(loops, key=_position)


def _position(loop: LoopPerformance) -> tuple[float, int, str]:
    return (-loop.k_factor, -loop.conversions, loop.source)


def _format_row(row: Row[Any], flagged: int) -> LoopPerformance:
    counts = (row.invites, row.clicks, row.conversions, row.active_users)
    return format_loop(row.source, *counts, purged_conversions=row.purged_conversions, flagged=flagged)


def format_loop(
    source: str,
    invites: int,
    clicks: int,
    conversions: int,
    active_users: int,
    *,
    purged_conversions: int = 0,
    flagged: int = 0,
) -> LoopPerformance:
    """One loop with the ratios that follow from its counts; of purged dates no active users are known, and so no K."""
    kept = conversions - purged_conversions
    return LoopPerformance(
        source=source,
        name=name_loop(source),
        invites=invites,
        clicks=clicks,
        conversions=conversions,
        active_users=active_users,
        flagged_conversions=flagged,
        k_factor=kept / active_users if active_users else 0,
        k_factor_clean=(kept - flagged) / active_users if active_users else 0,
        conversion_rate=conversions / clicks if clicks else 0,
        conversion_rate_interval=wilson_interval(conversions, clicks),
    )
