"""Rebuilding the facts: over HTTP, step by step, and however long a day takes."""

from datetime import timedelta

from sqlalchemy import Connection, Engine, text

from metrics_api.db.fact_rules import FactRules
from metrics_api.db.tables import purges
from metrics_api.ingest.rebuild import plan_rebuild, rebuild_step
from tests.support.api_fixtures import Api
from tests.support.batches import REBUILD, rebuild
from tests.support.brute_force import Facts, fetch_facts
from tests.support.builders import NOON, build_clicks, build_link


def post_two_days(api: Api) -> None:
    api.send("POST", "/v1/links", json={"items": [build_link("l-1", inserted_at=NOON.isoformat())]})
    for days in (0, 1):
        same = {"ip_address": "203.0.113.7", "device_fingerprint": "d-1", "user_id": "u-1", "link_id": "l-1"}
        api.post_events(*build_clicks(12, at=NOON - timedelta(days=days), **same))


def spoil_facts(connection: Connection) -> None:
    for statement in (
        "UPDATE clicks_per_ip_day SET clicks = 5",
        "DELETE FROM bursts_per_device_day",
        "INSERT INTO clicks_per_device_day VALUES ('2020-01-01', 'gone', 3, now(), now())",
        "UPDATE link_counts SET clicks = 0",
        "UPDATE content_per_day SET items = 7, unopened = -1",
        "UPDATE user_journeys SET first_click_at = '2020-01-01'",
    ):
        connection.execute(text(statement))


def test_a_rebuild_of_the_first_kept_date_keeps_only_bursts_over_midnight(api: Api, connection: Connection) -> None:
    midnight = NOON.replace(hour=0)
    over = build_clicks(2, at=midnight - timedelta(seconds=1), apart=1, device_fingerprint="over midnight")
    program, person = (
        build_clicks(3, at=at, apart=1, device_fingerprint=name)
        for name, at in (("program", NOON), ("person", midnight + timedelta(minutes=2)))
    )
    api.post_events(*over, *program, *person)
    connection.execute(text("DELETE FROM attribution_events WHERE occurred_at < :midnight"), {"midnight": midnight})
    connection.execute(
        purges.insert().values(
            {"started_at": NOON, **dict.fromkeys(("events_from", "content_from", "audit_from"), NOON.date())}
        )
    )
    connection.execute(
        text("UPDATE attribution_events SET traffic_class = 'known_bot' WHERE device_fingerprint = 'program'")
    )
    rebuild(api)
    bursts = connection.execute(text("SELECT device_fingerprint FROM bursts_per_device_day ORDER BY 1")).scalars()
    assert list(bursts) == ["over midnight", "person"]


def test_a_rebuild_mends_facts_that_went_wrong(api: Api, connection: Connection) -> None:
    post_two_days(api)
    right: Facts = fetch_facts(connection)
    spoil_facts(connection)
    assert fetch_facts(connection) != right
    assert rebuild(api) == 3  # Two days with events, and one with nothing but a wrong fact.
    assert fetch_facts(connection) == right


def test_a_rebuild_of_nothing_is_done_at_once(api: Api) -> None:
    response = api.send("POST", "/v1/batches", json=REBUILD)
    assert (response.status_code, response.get_json()["status"]) == (202, "done")


def test_a_rebuild_under_way_is_gone_on_with(api: Api) -> None:
    post_two_days(api)
    first = api.send("POST", "/v1/batches", json=REBUILD).get_json()
    again = api.send("POST", "/v1/batches", json=REBUILD).get_json()
    assert (first["id"], first["total_steps"], again["id"]) == (again["id"], 2, first["id"])
    rebuild(api)
    assert api.read(f"/v1/batches/{first['id']}")["status"] == "done"
    assert api.send("POST", "/v1/batches", json=REBUILD).get_json()["id"] != first["id"]


def test_a_step_of_a_batch_that_is_done_changes_nothing(api: Api) -> None:
    post_two_days(api)
    rebuild(api)
    assert api.send("POST", "/internal/batches/1/step").get_json()["done_steps"] == 2


def test_a_batch_that_never_was_is_not_found(api: Api) -> None:
    for method, path in (("GET", "/v1/batches/7"), ("POST", "/internal/batches/7/step")):
        assert api.refuse(404, method, path)["detail"] == "There is no batch 7."


def test_a_large_day_may_take_longer_than_other_statements(empty_database: Engine) -> None:
    with empty_database.begin() as connection:
        connection.execute(
            text("""INSERT INTO attribution_events (event_id, event_type, occurred_at, device_fingerprint)
                SELECT gen_random_uuid(), 'click', timestamptz '2026-03-04 12:00Z' + n * interval '1 second', 'd-' || n
                FROM generate_series(1, 10000) AS n""")
        )
    with empty_database.begin() as connection:
        days = plan_rebuild(connection)
    with empty_database.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = '20ms'"))
        rebuild_step(connection, days[0], FactRules())
        assert connection.execute(text("SELECT count(*) FROM clicks_per_device_day")).scalar_one() == 10_000
