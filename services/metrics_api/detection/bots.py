"""Bot behaviour: devices that make several clicks within seconds."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import encode_cursor
from metrics_api.db.tables import BURST_SIZES
from metrics_api.detection.query import Query
from metrics_api.detection.trusted_bursts import build_bursts, trusting_values
from viral_contract.models.guardrails import BotAnswer, BotLikeDevice, DetectionParams

CURSOR = "bots"

# The span for k clicks is one column, so that every rule "k clicks within s seconds" is one comparison.
_IS_FAST = "{span} <= make_interval(secs => :seconds)"
_FLAGGED = f"""
    SELECT device_fingerprint, min({{span}}) AS fastest FROM ({{bursts}}) AS burst WHERE {_IS_FAST}
    GROUP BY device_fingerprint
"""
# The total is there where no row is.
_ROWS_AND_TOTAL = """
    WITH flagged AS MATERIALIZED ({flagged})
    SELECT total, listed.* FROM (SELECT count(*) AS total FROM flagged) AS counted LEFT JOIN (
        SELECT device_fingerprint, fastest, sum(clicks) AS clicks, min(first_click_at) AS first_seen,
            max(last_click_at) AS last_seen
        FROM flagged JOIN clicks_per_device_day USING (device_fingerprint)
        WHERE day = ANY(:days) GROUP BY device_fingerprint, fastest {behind}
        ORDER BY -sum(clicks), device_fingerprint LIMIT :fetch
    ) AS listed ON true
    ORDER BY -clicks, device_fingerprint
"""
_BEHIND = "HAVING (-sum(clicks), device_fingerprint) > (CAST(:clicks AS numeric), :device)"


def fetch_bots(connection: Connection, query: Query, trust: Collection[str]) -> BotAnswer:
    """The flagged devices of the period, the most clicks first.

    A burst belongs to the date of its last click, also when it began before the period. Clicks from trusted networks
    are left out of it.
    """
    flagged, rule = flagged_devices(query, trust)
    after = dict(zip(("clicks", "device"), query.page.after, strict=True)) if query.page.after else {}
    statement = text(_ROWS_AND_TOTAL.format(flagged=flagged, behind=_BEHIND if after else ""))
    found = connection.execute(statement, {**rule, **after, "fetch": query.page.fetch}).all()
    rows = [row for row in found if row.device_fingerprint is not None]
    return format_bots(rows, found[0].total, query)


def flagged_devices(query: Query, trust: Collection[str]) -> tuple[str, dict[str, object]]:
    """The statement that selects every flagged device, and the values it wants."""
    size = BURST_SIZES[BURST_SIZES.index(query.settings.bot_rapid_click_threshold)]
    span = f"span_{size}"
    candidates = f"fact.day = ANY(:days) AND fact.{_IS_FAST.format(span=span)}"
    statement = _FLAGGED.format(span=span, bursts=build_bursts(candidates, [size], trust))
    seconds = query.settings.bot_rapid_click_window_seconds
    return statement, {"days": query.period.dates(), "seconds": seconds, **trusting_values(trust)}


def format_bots(rows: Sequence[Row[Any]], total: int, query: Query) -> BotAnswer:
    """The answer for the fetched rows, of which the last may belong to the next page."""
    shown, last = query.page.split(rows)
    settings, identifiers = query.settings, query.identifiers
    return BotAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used("bot_rapid_click_threshold", "bot_rapid_click_window_seconds"),
        bot_like_devices=[
            BotLikeDevice(
                device_fingerprint=identifiers.show_device(row.device_fingerprint),
                ref=identifiers.references.to_ref(row.device_fingerprint),
                alias=identifiers.references.to_alias(row.device_fingerprint),
                total_clicks=row.clicks,
                first_seen=row.first_seen,
                last_seen=row.last_seen,
                fastest_seconds=row.fastest.total_seconds(),
            )
            for row in shown
        ],
        total_flagged_devices=total,
        detection_params=DetectionParams(
            min_clicks=settings.bot_rapid_click_threshold,
            time_window_seconds=settings.bot_rapid_click_window_seconds,
        ),
        next_cursor=last and encode_cursor(identifiers.references, CURSOR, (-last.clicks, last.device_fingerprint)),
    )
