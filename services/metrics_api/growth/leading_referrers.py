"""Finds who leads by conversions without adding up everybody's.

The threshold algorithm of Fagin, R., Lotem, A., Naor, M. (2001), PODS: the most converting referrers of each date are
candidates, and whoever is none has at most the sum of what the last candidates of the dates have. Where flagged
conversions do not count, those who have any are candidates all the same, and take no places of others.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, text

from metrics_api.detection.query import Query

_MOST_OF_A_DATE = 2_000
_FIRST_DEPTH = 2
_DEEPER = 3
# The sums of candidates alone are read by the key.
_OF_CANDIDATES = """
    SELECT referrer_id, conversions FROM (
        SELECT referrer_id FROM candidate UNION SELECT unnest(CAST(:apart AS text[]))
    ) AS named CROSS JOIN LATERAL (
        SELECT coalesce(sum(conversions), 0)::bigint AS conversions FROM conversions_per_referrer_day AS fact
        WHERE fact.source = :loop AND fact.referrer_id = named.referrer_id AND day BETWEEN :start AND :end
    ) AS earned
"""
_LEADING = """
    WITH candidate AS MATERIALIZED (
        SELECT day, top.* FROM unnest(CAST(:days AS date[])) AS day CROSS JOIN LATERAL (
            SELECT referrer_id, conversions FROM conversions_per_referrer_day AS fact
            WHERE fact.day = day.day AND fact.source = :loop AND referrer_id <> ALL(CAST(:apart AS text[]))
            ORDER BY conversions DESC LIMIT :most
        ) AS top
    ), bound AS (
        SELECT coalesce(sum(least), 0) AS conversions FROM (
            SELECT min(conversions) AS least FROM candidate GROUP BY day HAVING count(*) = :most
        ) AS last
    ), shown AS (
        SELECT referrer_id, {value} AS value FROM ({counted}) AS referrer WHERE {is_wanted}
        ORDER BY value DESC FETCH FIRST :fetch ROWS WITH TIES
    )
    SELECT array_agg(referrer_id) AS referrers,
        count(referrer_id) >= :fetch AND min(value) > bound.conversions AS are_all,
        bound.conversions = 0 AS has_no_more
    FROM bound LEFT JOIN shown ON true GROUP BY bound.conversions
"""


def find_leading(
    connection: Connection,
    query: Query,
    given: dict[str, Any],
    *,
    value: str,
    apart: Sequence[str],
    counted: str,
    is_wanted: str,
) -> list[str] | None:
    """Those of the first page of the wanted referrers, the largest value first, and everyone who ties with the last.

    `value` is at most the conversions, and the conversions themselves of all who are not set `apart`; `counted` names
    those that are flagged. None where the dates have no such leaders.
    """
    counted = counted.format(per_referrer=_OF_CANDIDATES)
    statement = text(_LEADING.format(value=value, counted=counted, is_wanted=is_wanted))
    asked = {**given, "loop": query.filter.source or "", "fetch": query.page.fetch, "apart": list(apart)}
    for most in _list_depths(query.page.fetch):
        row = connection.execute(statement, {**asked, "most": most}).one()
        if row.are_all:
            referrers: list[str] = row.referrers
            return referrers
        if row.has_no_more:
            break
    return None


def _list_depths(fetch: int) -> Iterator[int]:
    most = _FIRST_DEPTH * fetch
    while most <= _MOST_OF_A_DATE:
        yield most
        most *= _DEEPER
