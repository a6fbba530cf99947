"""How many clicks and conversions the guardrails flag, for growth figures and scores."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from metrics_api.db.event_types import IS_COUNTED
from metrics_api.db.network_key import build_network_key
from metrics_api.detection import anomalies, networks
from metrics_api.detection.bots import flagged_devices
from metrics_api.detection.case_effects import AT_STAKE, FRAUDS, IS_OF_FRAUD, list_silent_kinds
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.listed_events import build_is_listed, build_listed_condition, listing_values
from metrics_api.detection.query import Query
from metrics_api.detection.quiet import IS_ACTIVE
from viral_contract.models.entity_lists import ListKind
from viral_contract.models.period import Period

_SOURCES = f"""
    flagged_ip AS ({{flagged_ips}}), flagged_device AS ({{flagged_devices}}),
    busy AS ({{busy_days}}), eager AS ({{eager_referrers}}), at_stake AS ({AT_STAKE}), fraud AS ({FRAUDS})
"""
_IS_SUSPECT = f"""(
    is_denied OR (day, network) IN (SELECT day, ip_address FROM flagged_ip)
    OR device_fingerprint IN (SELECT device_fingerprint FROM flagged_device)
    OR referrer_id IN (SELECT referrer_id FROM busy UNION SELECT referrer_id FROM eager)
    OR event_id IN (SELECT event_id FROM at_stake) OR {IS_OF_FRAUD}
)"""
# Reads the period's conversion events by the index on (event_type, occurred_at), and no other events. The clicks are
# there where no date has a suspect conversion.
_FLAGGED = f"""
    WITH {_SOURCES}, conversion AS (
        SELECT event_id, link_id, occurred_at, (occurred_at AT TIME ZONE 'UTC')::date AS day,
            {build_network_key("ip_address")} AS network, device_fingerprint, referrer_id,
            coalesce(source, '') AS source, {build_is_listed("deny")} AS is_denied
        FROM attribution_events
        WHERE event_type = 'conversion' AND referrer_id IS NOT NULL
            AND occurred_at >= :first AND occurred_at < :behind
            AND NOT {build_is_listed("allow")} {{is_wanted}}
    ),
    suspect AS (
        SELECT day, source, referrer_id, count(*) AS conversions FROM conversion WHERE {_IS_SUSPECT}
        GROUP BY day, source, referrer_id
    )
    SELECT clicked.*, suspect.* FROM (
        SELECT (SELECT coalesce(sum(clicks), 0)::bigint FROM flagged_ip) + ({{denied_clicks}}) AS network_clicks, (
            SELECT coalesce(sum(clicks), 0)::bigint
            FROM flagged_device JOIN clicks_per_device_day USING (device_fingerprint) WHERE day = ANY(:days)
        ) AS device_clicks
    ) AS clicked LEFT JOIN suspect ON true ORDER BY day, source, referrer_id
"""
# No signup counts of a referrer whom a case flags: which of them the rules rest on is not kept. Those accused only of
# duplicates earn the rest.
_CLEAN_REFERRALS = f"""
    {_SOURCES}, accused AS (
        SELECT entity AS referrer_id FROM cases
        WHERE kind = 'referrer' AND rules <> ARRAY['duplicate']
            AND (status = 'open' AND strength = 'flags' OR {IS_ACTIVE} AND verdict = 'fraud')
    ),
    referral AS (
        SELECT event_id, event_type, day, occurred_at, referrer_id, person, network, device_fingerprint, link_id,
            {build_is_listed("allow")} AS is_allowed, {build_is_listed("deny")} AS is_denied
        FROM (SELECT *, network AS ip_address FROM referrals WHERE day = ANY(:days) {{is_wanted}}) AS event
    ),
    clean_referral AS (
        SELECT event_id, event_type, day, occurred_at, referrer_id, person FROM referral
        WHERE is_allowed OR ({_IS_SUSPECT}
            OR event_type = 'signup' AND referrer_id IN (SELECT referrer_id FROM accused)) IS NOT TRUE
    )
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
    """How much of a period is flagged: clicks of networks and devices, suspect conversions by day, loop and referrer.

    A network's clicks are those of the dates on which it is flagged, and those by denied referrers, links and user
    agents; a device's are those of the whole period.
    """

    network_clicks: int
    device_clicks: int
    suspect: Mapping[tuple[date, str, str], int]

    @property
    def total_conversions(self) -> int:
        """The suspect conversions of the period."""
        return sum(self.suspect.values())

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
    sources, values = _find_sources(query, lists)
    statement = _FLAGGED.format(**sources, denied_clicks=_build_denied_clicks(lists))
    rows = connection.execute(text(statement), values).all()
    suspect = {(row.day, row.source, row.referrer_id): row.conversions for row in rows if row.day is not None}
    return Flagged(rows[0].network_clicks, rows[0].device_clicks, suspect)


def build_clean_referrals(query: Query, lists: Lists) -> tuple[str, dict[str, Any]]:
    """The period's signups and conversions that somebody earned, as the table `clean_referral` of a WITH, and values.

    Beside what `fetch_flagged` leaves out, signups credited to a referrer under a case that flags.
    """
    sources, values = _find_sources(query, lists)
    return _CLEAN_REFERRALS.format(**sources), values


def _find_sources(query: Query, lists: Lists) -> tuple[dict[str, str], dict[str, Any]]:
    """The statements that find what is flagged, and their values."""
    devices, bot_values = flagged_devices(query, lists)
    sources = {
        "flagged_ips": networks.FLAGGED,
        "flagged_devices": devices,
        "busy_days": anomalies.BUSY_DAYS,
        "eager_referrers": anomalies.EAGER_REFERRERS.format(only=""),
    }
    values: dict[str, Any] = networks.flagging_values(query, lists) | bot_values
    values |= anomalies.flagging_values(query, lists) | listing_values(lists)
    dates = {"first": query.period.begins_at, "behind": query.period.ends_before}
    sources["is_wanted"] = "".join(f" AND {each}" for each in query.filter.conditions)
    return sources, values | query.filter.values | dates | {
        "ipv6_prefix": query.settings.fraud_ipv6_prefix,
        "silent_kinds": list_silent_kinds(query),
    }


def _build_denied_clicks(lists: Lists) -> str:
    """The statement that counts what is not counted by network."""
    kinds = [kind for kind in _WITHOUT_FACTS if lists.deny[kind]]
    return _DENIED_CLICKS.format(is_denied=build_listed_condition("deny", kinds)) if kinds else "0"
