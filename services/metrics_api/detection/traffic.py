"""Clicks and visits by class: how much no person made, and why."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import mask_user_agent
from metrics_api.db.event_types import IS_COUNTED, TRAFFIC_TYPES_SQL
from metrics_api.db.fact_rules import FactRules
from metrics_api.db.paging import encode_cursor
from metrics_api.detection.query import Query
from viral_contract.models.traffic import (
    PEOPLE,
    TRAFFIC_CLASSES,
    ClassShare,
    DatacentreNetworks,
    TrafficAnswer,
    TrafficGroup,
    TrafficGrouping,
    TrafficLoop,
    TrafficReason,
)

_PROGRAMS = ("preview", "known_bot", "library")
_WANTED = "day BETWEEN :start AND :end AND (CAST(:source AS text) IS NULL OR source = :source)"
_REASONS = text(f"""
    SELECT reason.traffic_class, reason.traffic_reason, clicks, visits, event.user_agent AS sample FROM (
        SELECT traffic_class, traffic_reason, sum(clicks)::bigint AS clicks, sum(visits)::bigint AS visits,
            min(sample::text COLLATE "C")::uuid AS event_id
        FROM traffic_per_day WHERE {_WANTED} GROUP BY 1, 2
    ) AS reason LEFT JOIN attribution_events AS event USING (event_id)
    ORDER BY clicks + visits DESC, reason.traffic_class, reason.traffic_reason
""")
_FILTERED = f"coalesce(sum(clicks) FILTER (WHERE NOT {IS_COUNTED}), 0)::bigint"
_GROUPS = f"""
    WITH counted AS (
        SELECT {{group}}::text AS name, traffic_class, sum(clicks)::bigint AS clicks
        FROM traffic_per_day WHERE {_WANTED} GROUP BY 1, 2
    ), grouped AS (
        SELECT name, sum(clicks)::bigint AS clicks,
            {_FILTERED} AS filtered,
            jsonb_object_agg(traffic_class, clicks) AS by_class
        FROM counted GROUP BY 1
    )
    SELECT total, shown.* FROM (SELECT count(*) AS total FROM grouped) AS all_groups LEFT JOIN (
        SELECT {{place}} AS place, grouped.* FROM grouped {{behind}} ORDER BY 1, name LIMIT :fetch
    ) AS shown ON true ORDER BY place, name
"""
# Dates one after another, loops with the most filtered clicks first.
_PLACES: dict[TrafficGrouping, str] = {"day": "0", "source": "-filtered"}
_BEHIND = "WHERE ({place}, name) > (CAST(:place AS bigint), :name)"
_LOOPS = text(
    f"""
    WITH counted AS (
        SELECT source, sum(clicks)::bigint AS clicks, {{filtered}} AS filtered
        FROM traffic_per_day WHERE {_WANTED} GROUP BY 1
    ), shown AS (
        SELECT count(*) OVER () AS total, * FROM counted ORDER BY filtered DESC, source LIMIT :loops
    ), dated AS (
        SELECT source, day, {{filtered}} AS filtered
        FROM traffic_per_day WHERE {_WANTED} AND source IN (SELECT source FROM shown) GROUP BY 1, 2
    )
    SELECT shown.*, (SELECT jsonb_object_agg(day, dated.filtered) FROM dated
        WHERE dated.source = shown.source AND dated.filtered > 0) AS filtered_by_day
    FROM shown ORDER BY filtered DESC, source
""".format(filtered=_FILTERED)
)
_STATE = text(f"""
    SELECT
        (SELECT started_at FROM fact_versions WHERE rules = :rules ORDER BY id DESC LIMIT 1) AS classified_at,
        NOT EXISTS (
            SELECT FROM attribution_events
            WHERE classifier_version IS NULL AND event_type IN {TRAFFIC_TYPES_SQL} AND traffic_class IS NULL
                AND occurred_at >= :first AND occurred_at < :behind
        ) AS is_classified
""")


def fetch_traffic(
    connection: Connection,
    query: Query,
    rules: FactRules,
    *,
    source: str | None,
    group_by: TrafficGrouping | None,
    loops: int,
) -> TrafficAnswer:
    """The period's clicks and visits by class, of one loop or all, and the `loops` with the most filtered ones."""
    period = query.period
    wanted = {"start": period.start, "end": period.end, "source": source}
    rows = connection.execute(_REASONS, wanted).all()
    state_values = {"rules": rules.description, "first": period.begins_at, "behind": period.ends_before}
    classifier = rules.classifier
    classes = _sum_classes(rows)
    networks = classifier.networks
    return TrafficAnswer(
        period=period,
        computed_at=query.now,
        classes=classes,
        reasons=[_format_reason(row) for row in rows if row.traffic_reason or row.traffic_class not in PEOPLE],
        filtered_share=_compute_filtered_share(classes),
        **(_fetch_groups(connection, query, wanted, group_by) if group_by else {"groups": []}),
        **(_fetch_loops(connection, wanted, loops) if loops else {}),
        classifier_version=classifier.version,
        **connection.execute(_STATE, state_values).one()._mapping,
        app_user_agents=list(classifier.app_user_agents),
        datacentre_networks=networks
        and DatacentreNetworks(
            dated=networks.dated,
            networks=len(networks.datacentres),
            clicks_of_people=sum(row.clicks for row in rows if row.traffic_reason == "datacentre"),
        ),
    )


def _sum_classes(rows: Iterable[Row[Any]]) -> list[ClassShare]:
    clicks: Counter[str] = Counter()
    visits: Counter[str] = Counter()
    for row in rows:
        clicks[row.traffic_class] += row.clicks
        visits[row.traffic_class] += row.visits
    total = clicks.total()
    return [
        ClassShare(
            traffic_class=known,
            clicks=clicks[known],
            visits=visits[known],
            share=clicks[known] / total if total else 0,
        )
        for known in TRAFFIC_CLASSES
    ]


def _compute_filtered_share(classes: Sequence[ClassShare]) -> float:
    total = sum(known.clicks for known in classes)
    return sum(known.clicks for known in classes if known.traffic_class not in PEOPLE) / total if total else 0


def _format_reason(row: Row[Any]) -> TrafficReason:
    return TrafficReason(
        reason=row.traffic_reason,
        traffic_class=row.traffic_class,
        events=row.clicks + row.visits,
        clicks=row.clicks,
        sample=row.sample and (row.sample if is_program(row.traffic_class) else mask_user_agent(row.sample)),
    )


def is_program(traffic_class: str) -> bool:
    """Whether user agents of this class are shown whole to everybody; a browser's may tell its owner."""
    return traffic_class in _PROGRAMS


def _fetch_groups(
    connection: Connection, query: Query, wanted: dict[str, Any], group_by: TrafficGrouping
) -> dict[str, Any]:
    place = _PLACES[group_by]
    after = dict(zip(("place", "name"), query.page.after, strict=True)) if query.page.after else {}
    behind = _BEHIND.format(place=place) if after else ""
    statement = text(_GROUPS.format(group=group_by, place=place, behind=behind))
    rows = connection.execute(statement, {**wanted, **after, "fetch": query.page.fetch}).all()
    shown, last = query.page.split([row for row in rows if row.name is not None])
    cursor = last and encode_cursor(query.identifiers.references, name_cursor(group_by), (last.place, last.name))
    return {"groups": [_format_group(row) for row in shown], "total_groups": rows[0].total, "next_cursor": cursor}


def _fetch_loops(connection: Connection, wanted: dict[str, Any], loops: int) -> dict[str, Any]:
    rows = connection.execute(_LOOPS, {**wanted, "loops": loops}).all()
    return {"loops": [_format_loop(row) for row in rows], "total_loops": rows[0].total if rows else 0}


def _format_loop(row: Row[Any]) -> TrafficLoop:
    return TrafficLoop(
        source=row.source,
        clicks=row.clicks,
        filtered=row.filtered,
        filtered_share=row.filtered / row.clicks if row.clicks else 0,
        filtered_by_day=row.filtered_by_day or {},
    )


def name_cursor(group_by: TrafficGrouping | None) -> str:
    """The list that a cursor belongs to: dates and loops are two."""
    return f"traffic by {group_by}"


def _format_group(row: Row[Any]) -> TrafficGroup:
    return TrafficGroup(
        group=row.name,
        clicks=row.clicks,
        filtered=row.filtered,
        filtered_share=row.filtered / row.clicks if row.clicks else 0,
        by_class=row.by_class,
    )
