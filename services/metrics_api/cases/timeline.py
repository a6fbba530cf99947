"""What happened to a case, newest first, and its clicks and conversions by day."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.event_types import IS_COUNTED
from viral_contract.models.cases import CaseBucket, CaseKind, CaseTimeline, TimelineEntry

_MOST_DAYS = 120
# Each may be on a page of its own.
_LOOKED_UP_EVENTS = 500
_CLICKS: Mapping[CaseKind, str] = {
    "referrer": """
        SELECT day, sum(clicks) AS clicks FROM activity_per_referrer_day
        WHERE day = ANY(:days) AND referrer_id = :entity GROUP BY day
    """,
    "device": "SELECT day, clicks FROM clicks_per_device_day WHERE day = ANY(:days) AND device_fingerprint = :entity",
    "network": """
        SELECT day, clicks FROM clicks_per_ip_day WHERE day = ANY(:days) AND ip_address = CAST(:entity AS inet)
    """,
    "link": f"""
        SELECT day, count(*) AS clicks FROM (
            SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day FROM attribution_events
            WHERE link_id = :entity AND event_type = 'click' AND {IS_COUNTED} LIMIT {_LOOKED_UP_EVENTS}
        ) AS click WHERE day = ANY(:days) GROUP BY day
    """,
}
_DAYS = """
    SELECT day, coalesce(sum(clicks), 0)::bigint AS clicks, coalesce(sum(conversions), 0)::bigint AS conversions FROM (
        SELECT day, clicks, 0 AS conversions FROM ({clicks}) AS clicked
        UNION ALL SELECT day, 0, 1 FROM case_conversions WHERE case_id = :id
    ) AS counted GROUP BY day ORDER BY day
"""
_ENTRIES = text("""
    SELECT * FROM (
        SELECT changed_at AS at, kind, rules, NULL AS verdict, NULL AS reason, NULL AS actor
        FROM case_changes WHERE case_id = :id
        UNION ALL
        SELECT decided_at, 'verdict', '{}', verdict, reason, decided_by FROM case_verdicts WHERE case_id = :id
        UNION ALL
        SELECT undone_at, 'undo', '{}', verdict, reason, undone_by FROM case_verdicts
        WHERE case_id = :id AND undone_at IS NOT NULL
    ) AS entry ORDER BY at DESC, kind DESC
""")


def fetch_timeline(connection: Connection, case: Row[Any]) -> CaseTimeline:
    """The days on which the case was seen, and what evaluations and people did."""
    days = list_days(case)
    given = {"id": case.id, "entity": case.entity, "days": days}
    counted = connection.execute(text(_DAYS.format(clicks=_CLICKS[case.kind])), given).all()
    entries = connection.execute(_ENTRIES, {"id": case.id})
    return CaseTimeline(days=_fill(days, counted), entries=[_format_entry(row) for row in entries])


def list_days(case: Row[Any]) -> list[date]:
    """The dates on which a case was seen."""
    last = case.last_seen.astimezone(UTC).date()
    first = max(case.first_seen.astimezone(UTC).date(), last - timedelta(days=_MOST_DAYS - 1))
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def _fill(days: Sequence[date], counted: Sequence[Row[Any]]) -> list[CaseBucket]:
    """Every day, and those of older conversions."""
    by_day = {row.day: row for row in counted}
    return [
        CaseBucket(
            date=str(day),
            clicks=by_day[day].clicks if day in by_day else 0,
            conversions=by_day[day].conversions if day in by_day else 0,
        )
        for day in sorted({*days, *by_day})
    ]


def _format_entry(row: Row[Any]) -> TimelineEntry:
    return TimelineEntry(at=row.at, kind=row.kind, text=_describe(row), rules=row.rules, actor=row.actor)


def _describe(row: Row[Any]) -> str:
    rules = ", ".join(rule.replace("_", " ") for rule in row.rules)
    # Evaluations name the rules of what they close.
    cause = "no rule finds anything anymore" if rules else "an older case took its place"
    found = f"Found again by {rules}" if rules else "Open again: the verdict that closed it was undone"
    sentences = {
        "opened": f"Opened by {rules}",
        "rule": f"Also found by {rules}",
        "closed": f"Closed: {cause}",
        "reopened": found,
        "verdict": f"Decided: {row.verdict} ({row.reason})",
        "undo": f"Verdict undone: {row.verdict}",
    }
    return sentences[row.kind]
