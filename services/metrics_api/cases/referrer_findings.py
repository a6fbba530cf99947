"""Findings about referrers: those of `detection/referrers`, with what is credited to each in the same weeks."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.cases.findings import Finding
from metrics_api.detection.query import Query
from metrics_api.detection.referrers.evidence import ReferrerFindings, find_referrer_evidence
from metrics_api.ingest.retained import begin

_ACTIVITY = text("""
    SELECT referrer_id, sum(clicks)::bigint AS clicks, min(first_day) AS first_day, max(last_day) AS last_day,
        (array_agg(source ORDER BY total DESC, source) FILTER (WHERE source <> ''))[1] AS source
    FROM (
        SELECT referrer_id, source, sum(clicks) AS clicks, sum(clicks + conversions) AS total, min(day) AS first_day,
            max(day) AS last_day
        FROM activity_per_referrer_day WHERE day = ANY(:days) AND referrer_id = ANY(:referrers)
        GROUP BY referrer_id, source
    ) AS loop GROUP BY referrer_id
""")


def find_referrers(connection: Connection, query: Query) -> list[Finding]:
    """What is found about each referrer in the query's period, verdicts aside."""
    found = find_referrer_evidence(connection, query)
    given = {"days": query.period.dates(), "referrers": [each.referrer_id for each in found]}
    activity = {row.referrer_id: row for row in connection.execute(_ACTIVITY, given)} if found else {}
    # Who was erased meanwhile has no activity.
    return [
        finding
        for each in found
        if each.referrer_id in activity
        for finding in _format(each, activity[each.referrer_id])
    ]


def _format(found: ReferrerFindings, activity: Row[Any]) -> Iterable[Finding]:
    for each in found.findings:
        yield Finding(
            kind="referrer",
            entity=found.referrer_id,
            rule=each.format(),
            clicks=activity.clicks,
            conversions=each.conversions,
            first_seen=begin(activity.first_day),
            last_seen=begin(activity.last_day),
            source=activity.source,
        )
