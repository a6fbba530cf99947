"""Suspicious clicks: addresses with more clicks on one UTC day than the threshold."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import encode_cursor
from metrics_api.detection.context import Reading
from viral_engine.contract.guardrails import FraudAnswer, SuspiciousIp

CURSOR = "fraud"

# Each day is one range of the index on (day, clicks), which holds nothing but the flagged rows.
_FLAGGED = "FROM clicks_per_ip_day AS fact WHERE day = ANY(:days) AND clicks > :threshold"
_ROWS = f"SELECT day, host(ip_address) AS ip_address, clicks {_FLAGGED}"
_BEHIND = "AND (-clicks, day, fact.ip_address) > (CAST(:clicks AS bigint), CAST(:day AS date), CAST(:ip AS inet))"
_WORST_FIRST = "ORDER BY -clicks, day, fact.ip_address LIMIT :fetch"
_TOTAL = f"SELECT count(DISTINCT ip_address) {_FLAGGED}"


def fetch_fraud(connection: Connection, reading: Reading) -> FraudAnswer:
    """The flagged addresses of the period, the most clicks first."""
    flagged = {"days": reading.period.dates(), "threshold": reading.settings.fraud_ip_click_threshold}
    after = dict(zip(("clicks", "day", "ip"), reading.page.after, strict=True)) if reading.page.after else {}
    statement = text(f"{_ROWS} {_BEHIND if after else ''} {_WORST_FIRST}")
    rows = connection.execute(statement, {**flagged, **after, "fetch": reading.page.fetch}).all()
    return format_fraud(rows, connection.execute(text(_TOTAL), flagged).scalar_one(), reading)


def format_fraud(rows: Sequence[Row[Any]], total: int, reading: Reading) -> FraudAnswer:
    """The answer for the fetched rows, of which the last may belong to the next page."""
    shown, last = reading.page.split(rows)
    identifiers = reading.identifiers
    return FraudAnswer(
        period=reading.period,
        computed_at=reading.now,
        thresholds=reading.used("fraud_ip_click_threshold"),
        suspicious_ips=[
            SuspiciousIp(
                date=row.day,
                ip_address=identifiers.show_ip_address(row.ip_address),
                ref=identifiers.references.to_ref(row.ip_address),
                click_count=row.clicks,
            )
            for row in shown
        ],
        total_flagged_ips=total,
        threshold_used=reading.settings.fraud_ip_click_threshold,
        next_cursor=last and encode_cursor(identifiers.references, CURSOR, (-last.clicks, last.day, last.ip_address)),
    )
