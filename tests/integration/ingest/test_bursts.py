"""Bursts are found by a click's neighbors, however many others click on the same device."""

from datetime import timedelta

from sqlalchemy import Connection, Engine, text

from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.events import save_events
from tests.support.builders import NOON
from tests.support.plans import watch_statements
from viral_contract.models.events import Event


def test_only_clicks_of_the_same_person_are_read(empty_database: Engine, connection: Connection) -> None:
    """Also after the planner has seen a table in which the clicks of everybody on a device are few."""
    connection.execute(
        text("""INSERT INTO attribution_events (event_id, event_type, occurred_at, user_id, device_fingerprint)
            SELECT gen_random_uuid(), 'click', CAST(:at AS timestamptz) - n * interval '1 minute', 'u-' || n, 'd-' || n
            FROM generate_series(1, 5000) AS n"""),
        {"at": NOON},
    )
    connection.execute(text("ANALYZE attribution_events"))
    connection.commit()
    events = [
        Event(
            event_type="click", occurred_at=NOON + timedelta(milliseconds=n), user_id=f"u-{n}", device_fingerprint="d"
        )
        for n in range(500)
    ]
    with watch_statements(empty_database) as statements, empty_database.begin() as writer:
        save_events(writer, events, FactRules(), now=NOON)
        sent, given = next(each for each in statements.sent if "INTO bursts_per_device_day" in each[0])
        plan = "\n".join(writer.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {sent}", given).scalars())
    assert "idx_attribution_events_clicks_on_device" in plan
    assert "idx_attribution_events_bot_detection" not in plan
    assert "Seq Scan on attribution_events" not in plan
