"""How many clicks and conversions the guardrails flag, for growth figures and scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from metrics_api.db.event_types import IS_COUNTED
from metrics_api.db.network_key import build_network_key
from metrics_api.detection import anomalies, networks
from metrics_api.detection.bots import flagged_devices
from metrics_api.detection.case_effects import AT_STAKE, FRAUDS, IS_OF_FRAUD, list_silent_kinds
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.listed_events import build_is_listed, build_listed_condition, listing_values
from metrics_api.detection.query import Query
from viral_contract.models.entity_lists import ListKind

# Reads the period's conversion events by the index on (event_type, occurred_at), and no other events. The clicks are
# there where no date has a suspect conversion.
_FLAGGED = f"""
    WITH flagged_ip AS ({{flagged_ips}}), flagged_device AS ({{flagged_devices}}),
    busy AS ({{busy_days}}), eager AS ({{eager_referrers}}), at_stake AS ({AT_STAKE}), fraud AS ({FRAUDS}),
    conversion AS (
        SELECT event_id, link_id, occurred_at, (occurred_at AT TIME ZONE 'UTC')::date AS day,
            {build_network_key("ip_address")} AS network, device_fingerprint, referrer_id,
            {build_is_listed("deny")} AS is_denied
        FROM attribution_events
        WHERE event_type = 'conversion' AND referrer_id IS NOT NULL
            AND occurred_at >= :first AND occurred_at < :behind
            AND NOT {build_is_listed("allow")}
    ),
    suspect AS (
        SELECT day, count(*) AS conversions FROM conversion
        WHERE is_denied OR (day, network) IN (SELECT day, ip_address FROM flagged_ip)
            OR device_fingerprint IN (SELECT device_fingerprint FROM flagged_device)
            OR referrer_id IN (SELECT referrer_id FROM busy UNION SELECT referrer_id FROM eager)
            OR event_id IN (SELECT event_id FROM at_stake) OR {IS_OF_FRAUD}
        GROUP BY day
    )
    SELECT clicked.*, suspect.* FROM (
        SELECT (SELECT coalesce(sum(clicks), 0)::bigint FROM flagged_ip) + ({{denied_clicks}}) AS network_clicks, (
            SELECT coalesce(sum(clicks), 0)::bigint
            FROM flagged_device JOIN clicks_per_device_day USING (device_fingerprint) WHERE day = ANY(:days)
        ) AS device_clicks
    ) AS clicked LEFT JOIN suspect ON true ORDER BY day
"""
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
class Flagged:
    """How much of a period is flagged: clicks of networks and of devices, and suspect conversions by day.

    A network's clicks are those of the dates on which it is flagged, and those by denied referrers, links and user
    agents; a device's are those of the whole period.
    """

    network_clicks: int
    device_clicks: int
    conversions: Mapping[date, int]

    @property
    def total_conversions(self) -> int:
        """The suspect conversions of the period."""
        return sum(self.conversions.values())


def fetch_flagged(connection: Connection, query: Query, lists: Lists) -> Flagged:
    """What is flagged of the period's clicks and conversions.

    A conversion is suspect from or by what is denied, from a flagged address or device, credited to a flagged referrer,
    at stake in a case that flags or was judged fraud, or later of somebody judged fraud, unless it is from or by what
    is allowed. Open cases of networks and devices count where the query's thresholds are those that opened them.
    """
    devices, bot_values = flagged_devices(query, lists)
    statement = _FLAGGED.format(
        flagged_ips=networks.FLAGGED,
        flagged_devices=devices,
        busy_days=anomalies.BUSY_DAYS,
        eager_referrers=anomalies.EAGER_REFERRERS.format(only=""),
        denied_clicks=_build_denied_clicks(lists),
    )
    dates = {"first": query.period.begins_at, "behind": query.period.ends_before}
    prefix = {"ipv6_prefix": query.settings.fraud_ipv6_prefix}
    values = networks.flagging_values(query, lists) | bot_values | anomalies.flagging_values(query, lists)
    values |= listing_values(lists) | dates | prefix
    rows = connection.execute(text(statement), {**values, "silent_kinds": list_silent_kinds(query)}).all()
    suspect = {row.day: row.conversions for row in rows if row.day is not None}
    return Flagged(rows[0].network_clicks, rows[0].device_clicks, suspect)


def _build_denied_clicks(lists: Lists) -> str:
    """The statement that counts what is not counted by network."""
    kinds = [kind for kind in _WITHOUT_FACTS if lists.deny[kind]]
    return _DENIED_CLICKS.format(is_denied=build_listed_condition("deny", kinds)) if kinds else "0"
