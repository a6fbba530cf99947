"""How many clicks and conversions the guardrails flag, for growth figures and scores."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from metrics_api.db.event_types import IS_COUNTED
from metrics_api.db.network_key import build_network_key
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.listed_events import build_is_listed, build_listed_condition
from metrics_api.detection.query import Query
from metrics_api.growth.activity import build_activity
from metrics_api.growth.suspects import build_suspect_referrals
from viral_contract.models.entity_lists import ListKind
from viral_contract.models.period import Period

# Of a flagged referrer all conversions are suspect but for those that are allowed, so that they are not looked at.
_FLAGGED = """
    WITH {suspects}, suspect AS (
        SELECT activity.* FROM flagged_referrer CROSS JOIN LATERAL (
            SELECT day, source, referrer_id, conversions FROM {activity}
            WHERE referrer_id = flagged_referrer.referrer_id AND day = ANY(:days) AND conversions > 0 OFFSET 0
        ) AS activity
        UNION ALL
        SELECT day, coalesce(source, ''), referrer_id, count(*) FROM suspect_referral GROUP BY 1, 2, 3
        UNION ALL
        SELECT day, coalesce(source, ''), referrer_id, -count(*) FROM allowed_referral GROUP BY 1, 2, 3
    )
    {answer}
"""
_CLICKS = """
    SELECT (SELECT coalesce(sum(clicks), 0)::bigint FROM flagged_ip) + ({denied_clicks}) AS network_clicks, (
        SELECT coalesce(sum(clicks), 0)::bigint FROM flagged_device CROSS JOIN LATERAL (
            SELECT clicks FROM clicks_per_device_day AS fact
            WHERE fact.device_fingerprint = flagged_device.device_fingerprint AND fact.day = ANY(:days) OFFSET 0
        ) AS fact
    ) AS device_clicks
"""
_IN_TOTAL = f"{_CLICKS}, (SELECT coalesce(sum(conversions), 0)::bigint FROM suspect) AS conversions"
# The clicks are there where nothing is suspect.
_BY_REFERRER = f"SELECT clicked.*, suspect.* FROM ({_CLICKS}) AS clicked LEFT JOIN suspect ON true"
# Clicks by what has no facts of its own, from networks that are not flagged themselves.
_DENIED_CLICKS = f"""
    SELECT count(*) FROM attribution_events
    WHERE event_type = 'click' AND {IS_COUNTED} AND occurred_at >= :first AND occurred_at < :behind
        AND {{is_denied}} AND NOT {build_is_listed("allow")}
        AND ((occurred_at AT TIME ZONE 'UTC')::date, {build_network_key("ip_address")}) IN (
            SELECT day, ip_address FROM flagged_ip) IS NOT TRUE
"""
THRESHOLDS = (
    "fraud_ip_click_threshold",
    "fraud_rule",
    "bot_rapid_click_threshold",
    "bot_rapid_click_window_seconds",
    "conversion_anomaly_threshold",
    "conversion_anomaly_daily_threshold",
    "conversion_anomaly_min_clicks",
)
"""Those that decide which conversions are suspect."""
_WITHOUT_FACTS: tuple[ListKind, ...] = ("referrer", "link", "user_agent")


@dataclass(frozen=True)
class FlaggedTotals:
    """How much of a period is flagged: clicks of networks and devices, and suspect conversions.

    A network's clicks are those of the dates on which it is flagged, and those by denied referrers, links and user
    agents; a device's are those of the whole period.
    """

    network_clicks: int
    device_clicks: int
    conversions: int


@dataclass(frozen=True)
class Flagged:
    """The same with the suspect conversions by day, loop and referrer."""

    network_clicks: int
    device_clicks: int
    suspect: Mapping[tuple[date, str, str], int]

    @property
    def totals(self) -> FlaggedTotals:
        """How much it is together."""
        return FlaggedTotals(self.network_clicks, self.device_clicks, sum(self.suspect.values()))

    @property
    def conversions(self) -> Counter[date]:
        """The suspect conversions by day."""
        counted: Counter[date] = Counter()
        for (day, _, _), conversions in self.suspect.items():
            counted[day] += conversions
        return counted

    def by_loop(self, period: Period) -> Counter[str]:
        """The suspect conversions of some of the dates by loop, "" where none is known."""
        counted: Counter[str] = Counter()
        for (day, source, _), conversions in self.suspect.items():
            if period.start <= day <= period.end:
                counted[source] += conversions
        return counted

    def by_referrer(self, period: Period) -> Counter[str]:
        """The suspect conversions of some of the dates by who is credited with them."""
        counted: Counter[str] = Counter()
        for (day, _, referrer), conversions in self.suspect.items():
            if period.start <= day <= period.end:
                counted[referrer] += conversions
        return counted


def fetch_flagged(connection: Connection, query: Query, lists: Lists) -> Flagged:
    """What is flagged of the period's clicks and conversions.

    A conversion is suspect from or by what is denied, from a flagged address or device, credited to a flagged referrer,
    at stake in a case that flags or was judged fraud, or later of somebody judged fraud, unless it is from or by what
    is allowed. Open cases of networks and devices count where the query's thresholds are those that opened them.
    """
    rows = _fetch(connection, query, lists, _BY_REFERRER)
    suspect: Counter[tuple[date, str, str]] = Counter()
    for _, _, day, source, referrer, number in rows:
        if day is not None:
            suspect[day, source, referrer] += number
    return Flagged(rows[0].network_clicks, rows[0].device_clicks, +suspect)


def fetch_flagged_totals(connection: Connection, query: Query, lists: Lists) -> FlaggedTotals:
    """How much `fetch_flagged` finds, without reading the thousands of referrers who may be behind it."""
    return FlaggedTotals(**_fetch(connection, query, lists, _IN_TOTAL)[0]._mapping)


def _fetch(connection: Connection, query: Query, lists: Lists, answer: str) -> Sequence[Any]:
    suspects, values = build_suspect_referrals(query, lists, "event_type = 'conversion'")
    clicks = answer.format(denied_clicks=_build_denied_clicks(lists))
    statement = _FLAGGED.format(suspects=suspects, activity=build_activity(query.filter), answer=clicks)
    return connection.execute(text(statement), {**values, "ipv6_prefix": query.settings.fraud_ipv6_prefix}).all()


def _build_denied_clicks(lists: Lists) -> str:
    """The statement that counts what is not counted by network."""
    kinds = [kind for kind in _WITHOUT_FACTS if lists.deny[kind]]
    return _DENIED_CLICKS.format(is_denied=build_listed_condition("deny", kinds)) if kinds else "0"
