"""Rules about referrers that start from few candidates read neither all referrals nor all users of devices."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, text

from metrics_api.access.identifiers import References
from metrics_api.detection.entity_lists import build_lists
from metrics_api.detection.query import build_masked_query
from metrics_api.detection.referrers.circles import find_circles
from metrics_api.detection.referrers.duplicates import find_duplicates
from metrics_api.detection.referrers.finding import Finding, Window, build_window
from metrics_api.detection.referrers.own_conversions import find_self_referrals
from metrics_api.detection.referrers.rings import find_rings
from metrics_api.ingest.referrals import count_users_again
from metrics_api.settings.detection import DetectionSettings
from tests.support.plans import watch_statements
from tests.support.referrals import END, START
from viral_contract.models.period import Period

_REFERRALS = text("""
    INSERT INTO referrals (event_id, day, occurred_at, event_type, referrer_id, person, user_id, device_fingerprint,
        link_id)
    SELECT gen_random_uuid(), CAST(:at AS date), :at, 'conversion', 'referrer-' || n % 500, 'user:user-' || n,
        'user-' || n, 'device-' || n, 'link-' || n % 500
    FROM generate_series(1, 20000) AS n
""")
_USERS = text("""
    INSERT INTO device_users (device_fingerprint, user_id, first_day, last_day)
    SELECT 'device-' || n, user_id, CAST(:at AS date), CAST(:at AS date)
    FROM generate_series(1, 20000) AS n
        CROSS JOIN LATERAL (VALUES ('user-' || n), ('user-' || n + 1), ('user-' || n + 2)) AS used (user_id)
    WHERE n % 1000 = 0 OR user_id = 'user-' || n
""")


@pytest.fixture
def busy(connection: Connection) -> Connection:
    """Many referrals, of which few could be anyone's own, and few devices of several users."""
    connection.execute(_REFERRALS, {"at": START})
    connection.execute(_USERS, {"at": START})
    count_users_again(connection, [f"device-{number}" for number in range(1000, 20001, 1000)])
    connection.execute(text("ANALYZE referrals, device_users"))
    return connection


@pytest.mark.parametrize("rule", [find_self_referrals, find_circles, find_duplicates, find_rings])
def test_a_rule_looks_up_its_candidates(busy: Connection, rule: Callable[[Connection, Window], list[Finding]]) -> None:
    period = Period.between(START.date(), END.date())
    query = build_masked_query(period, DetectionSettings(), References("a key"), now=datetime(2026, 3, 5, tzinfo=UTC))
    with watch_statements(busy) as statements:
        rule(busy, build_window(query, build_lists(())))
    plans = statements.explain(busy)
    assert plans
    for plan in plans:
        assert "Seq Scan on referrals" not in plan
        assert "Seq Scan on device_users" not in plan
