"""What nobody earned, found by testing every signup and conversion of a period."""

from sqlalchemy import Connection, Row, text

from metrics_api.db.network_key import build_network_key
from metrics_api.detection import networks
from metrics_api.detection.anomalies import flagging_values
from metrics_api.detection.bots import flagged_devices
from metrics_api.detection.case_effects import AT_STAKE, FRAUDS, IS_OF_FRAUD, list_silent_kinds
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.listed_events import build_is_listed, listing_values
from metrics_api.detection.query import Query
from metrics_api.detection.quiet import IS_ACTIVE

_ALLOWED = "referrer_id <> '' AND referrer_id <> ALL(CAST(:allow_referrer AS text[]))"
BUSY = f"""
    SELECT day, referrer_id, sum(conversions) AS conversions FROM activity_per_referrer_day
    WHERE day = ANY(:days) AND {_ALLOWED} GROUP BY day, referrer_id HAVING sum(conversions) > :daily
"""
EAGER = f"""
    SELECT referrer_id, clicks, conversions FROM (
        SELECT referrer_id, sum(clicks) AS clicks, sum(conversions) AS conversions FROM activity_per_referrer_day
        WHERE day = ANY(:days) AND {_ALLOWED} GROUP BY referrer_id
    ) AS referrer
    WHERE CASE WHEN clicks = 0 THEN conversions >= :min_clicks AND 1 > CAST(:rate AS numeric)
        ELSE clicks >= :min_clicks AND conversions > CAST(:rate AS numeric) * clicks END
"""
_TESTED = f"""
    WITH flagged_ip AS ({networks.FLAGGED}), flagged_device AS ({{devices}}), busy AS ({BUSY}), eager AS ({EAGER}),
    at_stake AS ({AT_STAKE}), fraud AS ({FRAUDS}), accused AS (
        SELECT entity AS referrer_id FROM cases
        WHERE kind = 'referrer' AND rules <> ARRAY['duplicate']
            AND (status = 'open' AND strength = 'flags' OR {IS_ACTIVE} AND verdict = 'fraud')
    ), referral AS (
        SELECT *, (occurred_at AT TIME ZONE 'UTC')::date AS day, {build_network_key("ip_address")} AS network,
            {build_is_listed("allow")} AS is_allowed, {build_is_listed("deny")} AS is_denied
        FROM attribution_events
        WHERE event_type IN ('signup', 'conversion') AND referrer_id IS NOT NULL
            AND occurred_at >= :first AND occurred_at < :behind {{is_wanted}}
    )
    SELECT event_id, event_type, day, coalesce(source, '') AS source, referrer_id, NOT is_allowed AND (
        is_denied OR (day, network) IN (SELECT day, ip_address FROM flagged_ip)
        OR device_fingerprint IN (SELECT device_fingerprint FROM flagged_device)
        OR referrer_id IN (SELECT referrer_id FROM busy UNION SELECT referrer_id FROM eager)
        OR event_id IN (SELECT event_id FROM at_stake) OR {IS_OF_FRAUD}
        OR event_type = 'signup' AND referrer_id IN (SELECT referrer_id FROM accused)
    ) IS TRUE AS is_suspect
    FROM referral
"""


def fetch_tested(connection: Connection, query: Query, lists: Lists) -> list[Row[tuple[object, ...]]]:
    """Every signup and conversion of the period with whether it is suspect."""
    devices, values = flagged_devices(query, lists)
    is_wanted = "".join(f" AND {each}" for each in query.filter.conditions)
    given = {
        **values,
        **networks.flagging_values(query, lists),
        **flagging_values(query, lists),
        **listing_values(lists),
        **query.filter.values,
        "first": query.period.begins_at,
        "behind": query.period.ends_before,
        "ipv6_prefix": query.settings.fraud_ipv6_prefix,
        "silent_kinds": list_silent_kinds(query),
    }
    return list(connection.execute(text(_TESTED.format(devices=devices, is_wanted=is_wanted)), given).all())
