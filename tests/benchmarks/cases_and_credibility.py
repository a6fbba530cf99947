"""Reads of cases and credibility at 5 million events: `python -m tests.benchmarks.cases_and_credibility [events]`.

The whole local stack runs, and one client asks the API over loopback, each read in turn, so that other work on the
machine slows all alike. /healthz, which asks the database nothing, and a list of 50 items, which is read by its
primary key, say how much of a time is not the read's own.
"""

from sqlalchemy import Connection, text

EVENTS = 5_000_000
DAYS = 56
ROUNDS = 300
_NOT_COUNTED = 20
# The first index of a table is its primary key's.
_INDEXES = text("""
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename = 'attribution_events' AND indexname NOT LIKE '%pkey' ORDER BY indexname
""")
# One of a hundred events is of one referrer, on one of 20 devices, from one of 4 networks.
_EVENTS = """
    INSERT INTO attribution_events (event_id, event_type, occurred_at, ip_address, device_fingerprint, link_id,
        referrer_id, source, user_id, user_agent, traffic_class, classifier_version)
    SELECT gen_random_uuid(), (ARRAY['click', 'click', 'click', 'click', 'click', 'click', 'click', 'visit', 'visit',
            CASE n / 10 % 2 WHEN 0 THEN 'signup' ELSE 'conversion' END])[n % 10 + 1],
        now() - (:events - n) * interval '{days} days' / :events,
        inet '10.0.0.0' + CASE WHEN is_farm THEN n / 100 % 4 ELSE 256 + n * 7919 % 62500 END,
        'device-' || CASE WHEN is_farm THEN n / 100 % 20 ELSE 20 + n * 104729 % 300000 END,
        'link-' || referrer, 'referrer-' || referrer, 'buddy_challenge',
        'user-' || n * 15485863 % 400000, 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X)', 'human', 1
    FROM generate_series(1, CAST(:events AS bigint)) AS n
        CROSS JOIN LATERAL (SELECT n / 100 % 100 = 0 AS is_farm) AS kind
        CROSS JOIN LATERAL (SELECT CASE WHEN is_farm THEN 0 ELSE 1 + n * 31 % 5000 END AS referrer) AS credited
"""
_DAY = "(occurred_at AT TIME ZONE 'UTC')::date"
_FACTS = (
    f"""INSERT INTO clicks_per_ip_day SELECT {_DAY}, ip_address, count(*), count(DISTINCT device_fingerprint),
        count(DISTINCT referrer_id), count(*) FROM attribution_events WHERE event_type = 'click' GROUP BY 1, 2""",
    f"""INSERT INTO clicks_per_device_day SELECT {_DAY}, device_fingerprint, count(*), min(occurred_at),
        max(occurred_at) FROM attribution_events WHERE event_type = 'click' GROUP BY 1, 2""",
    """INSERT INTO bursts_per_device_day (day, device_fingerprint, span_2, span_3)
        SELECT day, device_fingerprint, '1 s', '2 s' FROM clicks_per_device_day WHERE clicks > 5""",
    f"""INSERT INTO activity_per_referrer_day SELECT {_DAY}, referrer_id, source, 0,
        count(*) FILTER (WHERE event_type = 'click'), count(*) FILTER (WHERE event_type = 'visit'),
        count(*) FILTER (WHERE event_type = 'signup'), count(*) FILTER (WHERE event_type = 'conversion'), 0, 0
        FROM attribution_events GROUP BY 1, 2, 3""",
    f"""INSERT INTO referrals (event_id, day, occurred_at, event_type, referrer_id, person, user_id,
        device_fingerprint, network, link_id, source)
        SELECT event_id, {_DAY}, occurred_at, event_type, referrer_id, 'user:' || user_id, user_id,
            device_fingerprint, ip_address, link_id, source
        FROM attribution_events WHERE event_type IN ('signup', 'conversion')""",
    f"""INSERT INTO device_users SELECT device_fingerprint, user_id, min({_DAY}), max({_DAY})
        FROM attribution_events GROUP BY 1, 2""",
)
# Of every status and kind, as if the rules had found the first of each kind.
_CASES = """
    INSERT INTO cases (kind, entity, status, status_at, opened_at, rules, strength, evidence, source, clicks,
        first_seen, last_seen, verdict, reason, decided_at, decided_by)
    SELECT kind, entity, status, now() - n * interval '1 minute', now() - n * interval '1 minute', ARRAY[rule],
        'flags', jsonb_build_array(jsonb_build_object('rule', rule, 'strength', 'flags', 'statistic', 9, 'expected', 3,
            'p', 0.0001, 'n', 40, 'evidence', jsonb_build_object('days', 3, 'clicks', 40))),
        'buddy_challenge', 1000 - n % 1000, now() - interval '55 days', now(), verdict, verdict,
        CASE WHEN verdict IS NOT NULL THEN now() - n * interval '1 minute' END, verdict
    FROM (VALUES ('referrer', 'ring', 1000), ('device', 'burst', 2000), ('network', 'over_limit', 1500),
            ('link', 'denied', 500)) AS of_kind (kind, rule, most)
        CROSS JOIN LATERAL generate_series(0, most - 1) AS n
        CROSS JOIN LATERAL (SELECT CASE kind WHEN 'network'
            THEN host(inet '10.0.0.0' + CASE WHEN n < 4 THEN n ELSE 252 + n END) ELSE kind || '-' || n END AS entity
        ) AS named
        CROSS JOIN LATERAL (SELECT (ARRAY['open', 'open', 'decided', 'closed'])[n % 4 + 1] AS status) AS stored
        CROSS JOIN LATERAL (SELECT CASE status WHEN 'decided' THEN
            (ARRAY['fraud', 'legitimate'])[n / 4 % 2 + 1] END AS verdict) AS decided
"""
_CONVERSIONS = f"""
    INSERT INTO case_conversions
    SELECT id, event_id, {_DAY}, true FROM cases JOIN attribution_events ON event_type = 'conversion'
        AND CASE kind WHEN 'referrer' THEN referrer_id WHEN 'device' THEN device_fingerprint
            WHEN 'network' THEN host(ip_address) ELSE link_id END = entity
    WHERE status <> 'closed'
"""
_HISTORY = (
    "UPDATE cases SET conversions = (SELECT count(*) FROM case_conversions WHERE case_id = id)",
    "INSERT INTO case_changes (case_id, changed_at, kind, rules) SELECT id, opened_at, 'opened', rules FROM cases",
    """INSERT INTO case_verdicts (case_id, verdict, reason, decided_at, decided_by)
        SELECT id, verdict, reason, decided_at, decided_by FROM cases WHERE verdict IS NOT NULL""",
)
_LISTS = """
    INSERT INTO entity_lists (list, kind, value, reason, created_at, created_by)
    SELECT (ARRAY['allow', 'deny', 'watch'])[n % 3 + 1], kind,
        CASE kind WHEN 'network' THEN format('172.16.%s.0/24', n) ELSE kind || '-of-a-list-' || n END,
        'benchmark', now(), 'benchmark'
    FROM unnest(ARRAY['network', 'device', 'referrer', 'user_agent', 'link']) AS kind, generate_series(0, 199) AS n
"""


def load(connection: Connection, events: int) -> None:
    """Store the events with what is known of them, and cases about a part of them."""
    indexes = connection.execute(_INDEXES).all()
    for name, _ in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    connection.execute(text(_EVENTS.format(days=DAYS)), {"events": events})
    for _, definition in indexes:
        connection.execute(text(definition))
    connection.execute(text("ANALYZE"))
    for statement in (*_FACTS, _CASES, _CONVERSIONS, *_HISTORY, _LISTS):
        connection.execute(text(statement))
