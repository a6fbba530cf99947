"""What was counted by day and loop: clicks, signups, conversions, invites, violations, and clicks by traffic class."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from metrics_api.detection.query import EVERYTHING, Filter
from metrics_api.growth.activity import build_totals
from metrics_api.growth.expected import Measured
from viral_contract.models.series import SeriesMetric
from viral_contract.models.traffic import PEOPLE, TRAFFIC_CLASSES

_ACTIVITY: frozenset[SeriesMetric] = frozenset(["clicks", "signups", "conversions", "invites"])
_SHARES: dict[SeriesMetric, Collection[str]] = {
    "filtered_share": [each for each in TRAFFIC_CLASSES if each not in PEOPLE],
    "prefetch_share": ["prefetch"],
    "preview_share": ["preview"],
    "known_bot_share": ["known_bot"],
    "library_share": ["library"],
    "human_share": ["human"],
    "unknown_share": ["unknown"],
}
_COUNTS = """
    SELECT day, source, sum(clicks)::bigint AS clicks, sum(signups)::bigint AS signups,
        sum(CASE WHEN has_referrer THEN conversions ELSE purged_conversions END)::bigint AS conversions,
        sum(invites)::bigint AS invites
    FROM {totals} WHERE day = ANY(:days) GROUP BY day, source
"""
_CLASSES = text("""
    SELECT day, source, traffic_class, sum(clicks)::bigint AS clicks
    FROM traffic_per_day WHERE day = ANY(:days) AND (CAST(:source AS text) IS NULL OR source = :source)
    GROUP BY day, source, traffic_class
""")
_VIOLATIONS = text("""
    SELECT day, sum(violating)::bigint AS violations FROM content_per_day
    WHERE day = ANY(:days) AND kind IN ('parent_share', 'progress_reel') GROUP BY day
""")
_FIRST = text("""
    SELECT least((SELECT min(day) FROM activity_per_day), (SELECT min(day) FROM content_per_day))
""")


class Place(NamedTuple):
    """What a series is of: one metric of one loop, or of all together where `source` is None."""

    metric: SeriesMetric
    source: str | None


Measures = Mapping[Place, Mapping[date, Measured]]


class _Counted(NamedTuple):
    """A count of a day; of shares with the total, which other metrics have none of."""

    metric: SeriesMetric
    source: str | None
    day: date
    number: int
    total: int = 0


def fetch_first_day(connection: Connection) -> date | None:
    """The first date with anything; None in an empty database."""
    first: date | None = connection.execute(_FIRST).scalar_one()
    return first


def fetch_measures(
    connection: Connection, metrics: Collection[SeriesMetric], days: Sequence[date], wanted: Filter = EVERYTHING
) -> Measures:
    """What was counted on each of the days, together and of every loop, or of one loop; violations have no loop."""
    asked = {"days": list(days), "source": wanted.source}
    counted: list[_Counted] = []
    if not _ACTIVITY.isdisjoint(metrics):
        counted += _count_activity(connection, asked, wanted)
    if not _SHARES.keys().isdisjoint(metrics):
        counted += _count_classes(connection, asked)
    if "violations" in metrics:
        counted += [_Counted("violations", None, *row) for row in connection.execute(_VIOLATIONS, asked)]
    return _add_up([each for each in counted if each.metric in metrics], metrics, days)


def _count_activity(connection: Connection, asked: dict[str, Any], wanted: Filter) -> list[_Counted]:
    rows = connection.execute(text(_COUNTS.format(totals=build_totals(wanted))), asked)
    return [_Counted(metric, row.source, row.day, getattr(row, metric)) for row in rows for metric in _ACTIVITY]


def _count_classes(connection: Connection, asked: dict[str, Any]) -> list[_Counted]:
    return [
        _Counted(metric, row.source, row.day, row.clicks if row.traffic_class in classes else 0, row.clicks)
        for row in connection.execute(_CLASSES, asked)
        for metric, classes in _SHARES.items()
    ]


def _add_up(counted: Sequence[_Counted], metrics: Collection[SeriesMetric], days: Sequence[date]) -> Measures:
    counts: Counter[tuple[Place, date]] = Counter()
    totals: Counter[tuple[Place, date]] = Counter()
    for each in counted:
        for source in {each.source, None}:
            counts[Place(each.metric, source), each.day] += each.number
            totals[Place(each.metric, source), each.day] += each.total
    places = {place for place, _ in counts} | {Place(metric, None) for metric in metrics}
    return {
        place: {
            day: Measured(counts[place, day], totals[place, day] if place.metric in _SHARES else None) for day in days
        }
        for place in places
    }
