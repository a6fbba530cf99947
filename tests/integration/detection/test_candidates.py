"""Reads of what is flagged look up candidates by an index: how much else is stored does not matter."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, text

from metrics_api.access.identifiers import References
from metrics_api.cases.device_findings import find_devices
from metrics_api.cases.listed_findings import find_listed
from metrics_api.cases.network_findings import find_networks
from metrics_api.detection import anomalies, bots, devices_by, flagged, fraud
from metrics_api.detection.entity_lists import Entry, Lists, build_lists
from metrics_api.detection.query import Query, build_masked_query
from metrics_api.growth.clean import fetch_flagged
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import forget_everything
from tests.support.plans import count_rows_read, watch_statements
from viral_contract.models.flagged import FraudGrouping
from viral_contract.models.period import Period

NOW = datetime(2026, 3, 7, 12, tzinfo=UTC)
QUERY = build_masked_query(Period.last_days(7, now=NOW), DetectionSettings(), References("a key"), now=NOW)
# Clicks by a denied user agent have no index.
LISTS = build_lists(
    [
        (Entry("allow", "network", "10.8.0.0/16"), ""),
        (Entry("allow", "user_agent", "probe"), ""),
        (Entry("deny", "network", "10.9.0.0/16"), ""),
        (Entry("deny", "link", "l-1999"), ""),
        (Entry("deny", "referrer", "r-1998"), ""),
    ]
)
# 2,000 of everything a day that nobody suspects, and a few that rules flag.
ORDINARY, FLAGGED = 2_000, 3
FILL = f"""
    INSERT INTO clicks_per_ip_day (day, ip_address, clicks, devices, referrers, top_referrer_clicks)
    SELECT day, '10.1.0.0'::inet + number, CASE WHEN number <= {FLAGGED} THEN 50 ELSE 1 END, 1, 1, 1
    FROM {{dates}};
    INSERT INTO clicks_per_device_day (day, device_fingerprint, clicks, first_click_at, last_click_at)
    SELECT day, 'd-' || number, 1, day, day FROM {{dates}};
    INSERT INTO devices_per_network_day (day, ip_address, device_fingerprint, user_id)
    SELECT day, '10.1.0.0'::inet + number, 'd-' || number, '' FROM {{dates}};
    INSERT INTO referrers_per_network_day (day, ip_address, referrer_id, clicks)
    SELECT day, '10.1.0.0'::inet + number, 'r-' || number, 1 FROM {{dates}};
    INSERT INTO bursts_per_device_day (day, device_fingerprint, span_3)
    SELECT day, 'd-' || number, interval '1 second' FROM {{dates}} WHERE number <= {FLAGGED};
    INSERT INTO activity_per_referrer_day (day, referrer_id, source, clicks, conversions)
    SELECT day, 'r-' || number, 'prep_pack', CASE WHEN number <= {FLAGGED} THEN 12 ELSE 20 END,
        CASE WHEN number <= {FLAGGED} THEN 12 ELSE number % 2 END
    FROM {{dates}};
    INSERT INTO conversions_per_referrer_day (source, referrer_id, day, conversions)
    SELECT '', referrer_id, day, conversions FROM activity_per_referrer_day WHERE conversions > 0;
    INSERT INTO referrals (event_id, day, occurred_at, event_type, referrer_id, network, device_fingerprint, link_id)
    SELECT gen_random_uuid(), day, day, 'conversion', 'r-' || number, '10.1.0.0'::inet + number, 'd-' || number,
        'l-' || number
    FROM {{dates}};
    INSERT INTO attribution_events (event_id, occurred_at, event_type, ip_address, device_fingerprint, referrer_id,
        link_id)
    SELECT gen_random_uuid(), day, 'click', '10.1.0.0'::inet + number, 'd-' || number, 'r-' || number, 'l-' || number
    FROM {{dates}};
    ANALYZE
"""
DATES = f"""generate_series(date '2026-03-01', date '2026-03-07', interval '1 day') AS day,
    generate_series(1, {ORDINARY}) AS number"""
GROWING = (
    "attribution_events",
    "referrals",
    "clicks_per_ip_day",
    "clicks_per_device_day",
    "devices_per_network_day",
    "referrers_per_network_day",
    "activity_per_referrer_day",
    "conversions_per_referrer_day",
)
Read = Callable[[Connection, Query, Lists], object]
MOST_ROWS = 1_000


def read_networks(grouping: FraudGrouping) -> Read:
    wanted = flagged.parse_wanted(grouping, None, None, None, None, None)
    return lambda connection, query, lists: flagged.fetch_flagged(connection, query, lists, wanted)


def read_devices(grouping: FraudGrouping) -> Read:
    sorting = devices_by.build_sorting(grouping, "clicks", None)
    return lambda connection, query, lists: devices_by.fetch_devices_by(
        connection, query, lists, grouping, sorting, None, None
    )


READS: dict[str, Read] = {
    "fraud": fraud.fetch_fraud,
    "networks": read_networks("network"),
    "referrers of networks": read_networks("referrer"),
    "bots": bots.fetch_bots,
    "networks of bots": read_devices("network"),
    "referrers of bots": read_devices("referrer"),
    "findings about networks": find_networks,
    "findings about devices": find_devices,
    "findings about what is listed": find_listed,
    "anomalies": anomalies.fetch_anomalies,
    "suspect conversions": fetch_flagged,
}


@pytest.fixture(scope="module")
def busy_week(engine: Engine) -> Iterator[Connection]:
    """A connection to a week of ordinary activity with a little that is flagged; nothing is left of it."""
    forget_everything(engine)
    with engine.connect() as connection:
        for statement in FILL.format(dates=DATES).split(";"):
            connection.execute(text(statement))
        yield connection
        connection.rollback()


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("table", GROWING)
def test_no_table_that_grows_is_read_but_for_what_is_flagged(busy_week: Connection, read: str, table: str) -> None:
    with watch_statements(busy_week) as statements:
        READS[read](busy_week, QUERY, LISTS)
    plans = "\n".join(statements.explain(busy_week))
    assert f"Seq Scan on {table}" not in plans, plans
    rows = sum(count_rows_read(busy_week, table, *sent) for sent in statements.sent)
    assert rows <= MOST_ROWS, plans
