"""How new clicks change the facts of networks: how many there were, and what they say about who is behind them.

Most networks have a few clicks a day, so that devices and referrers are kept only of those that have more than
EVIDENCE_FLOOR. The fold that passes it reads what the network did before on that date; from then on every fold adds to
what is kept. What is staged is left out of that reading: the fold that it waits for adds it.
"""

from sqlalchemy import Connection, text

from metrics_api.db.event_types import CLICKER, IS_COUNTED
from metrics_api.db.network_key import select_events
from metrics_api.db.tables import EVIDENCE_FLOOR

_NEW_CLICKS = f"""
    SELECT day, network, device_fingerprint, {CLICKER} AS user_id, referrer_id
    FROM new_events
    WHERE event_type = 'click' AND network IS NOT NULL
"""
_CLICKS = text(f"""
    WITH counted AS (
        INSERT INTO clicks_per_ip_day AS fact (day, ip_address, clicks)
        SELECT day, network, count(*) FROM ({_NEW_CLICKS}) AS click GROUP BY day, network ORDER BY day, network
        ON CONFLICT (day, ip_address) DO UPDATE SET clicks = fact.clicks + excluded.clicks
        RETURNING day, ip_address, clicks, devices
    )
    SELECT day, abbrev(ip_address) AS network, devices IS NULL AS is_first FROM counted WHERE clicks > {EVIDENCE_FLOOR}
""")
_OF_DAY = f"""event_type = 'click' AND {IS_COUNTED}
    AND occurred_at >= busy.day::timestamp AT TIME ZONE 'UTC'
    AND occurred_at < (busy.day + 1)::timestamp AT TIME ZONE 'UTC'
    AND event_id NOT IN (SELECT event_id FROM staged_events)"""
_EVIDENCE = text(f"""
    WITH busy AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:days AS date[]), CAST(:networks AS inet[]), CAST(:firsts AS boolean[]))
            AS busy (day, network, is_first)
    ), click AS MATERIALIZED (
        SELECT day, network, device_fingerprint, user_id, referrer_id
        FROM busy JOIN ({_NEW_CLICKS}) AS new_click USING (day, network) WHERE NOT is_first
        UNION ALL
        SELECT day, network, known.* FROM busy CROSS JOIN LATERAL (
            {select_events(f"device_fingerprint, {CLICKER}, referrer_id", "busy.network", _OF_DAY)}
        ) AS known WHERE is_first
    ), device AS (
        INSERT INTO devices_per_network_day (day, ip_address, device_fingerprint, user_id)
        SELECT DISTINCT day, network, device_fingerprint, user_id FROM click WHERE device_fingerprint IS NOT NULL
        ON CONFLICT DO NOTHING RETURNING day, ip_address
    ), referrer AS (
        INSERT INTO referrers_per_network_day AS fact (day, ip_address, referrer_id, clicks)
        SELECT day, network, referrer_id, count(*) FROM click WHERE referrer_id IS NOT NULL GROUP BY 1, 2, 3
        ON CONFLICT (day, ip_address, referrer_id) DO UPDATE SET clicks = fact.clicks + excluded.clicks
        RETURNING day, ip_address, old.clicks IS NULL AS is_new, new.clicks
    )
    UPDATE clicks_per_ip_day AS fact SET
        devices = coalesce(fact.devices, 0) + coalesce(device.devices, 0),
        referrers = coalesce(fact.referrers, 0) + coalesce(referrer.referrers, 0),
        top_referrer_clicks = greatest(fact.top_referrer_clicks, referrer.most, 0)
    FROM busy
        LEFT JOIN (SELECT day, ip_address AS network, count(*) AS devices FROM device GROUP BY 1, 2) AS device
            USING (day, network)
        LEFT JOIN (
            SELECT day, ip_address AS network, count(*) FILTER (WHERE is_new) AS referrers, max(clicks) AS most
            FROM referrer GROUP BY 1, 2
        ) AS referrer USING (day, network)
    WHERE fact.day = busy.day AND fact.ip_address = busy.network
""")


def fold_networks(connection: Connection) -> None:
    """Count the clicks in `new_events`, and bring the evidence about busy networks up to date."""
    busy = connection.execute(_CLICKS).all()
    if busy:
        days, networks, firsts = (list(column) for column in zip(*busy, strict=True))
        connection.execute(_EVIDENCE, {"days": days, "networks": networks, "firsts": firsts})
