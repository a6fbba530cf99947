"""Personal information in events: nothing of it is stored, joins hold, and each accepted event is counted once."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, get_args
from uuid import uuid4

import pytest
import structlog
from redis import Redis
from sqlalchemy import Connection, Engine, text

from metrics_api.access.identifiers import Identifiers, References
from metrics_api.context import Context
from metrics_api.db.paging import Page
from metrics_api.detection.event_pii import fetch_event_pii
from metrics_api.detection.query import Query
from metrics_api.ingest.stored_links import replace_in_stored_links
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api, build_app, create_token
from tests.support.batches import rebuild
from tests.support.builders import build_event
from tests.support.plans import count_rows_read, watch_statements
from tests.support.planted_pii import plant
from viral_contract.models.guardrails import EventPiiField
from viral_contract.models.people import Scope
from viral_contract.models.period import Period

NOW = datetime.now(UTC)
EMAIL = "mia.jones@example.com"
# Every column that can hold text, of every table.
_COLUMNS = text("""
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'ARRAY')
""")

_FILL = text("""
    INSERT INTO event_pii_per_day (day, source, field, pii_type, events)
    SELECT CAST(:first AS date), 'loop-' || number, 'landing_page', 'email', 1 FROM generate_series(0, 5000) AS number
""")


def list_stored_texts(connection: Connection) -> Iterator[str]:
    for table, column in connection.execute(_COLUMNS).all():
        yield from connection.execute(text(f"SELECT {column}::text FROM {table} WHERE {column} IS NOT NULL")).scalars()


def leak(source: str = "buddy_challenge", **fields: Any) -> dict[str, Any]:
    return build_event(source=source, landing_page=f"https://x.com/?e={EMAIL}", **fields)


def test_what_is_planted_anywhere_is_found_nowhere(api: Api, connection: Connection, redis: Redis) -> None:
    planted = [each for each in plant(Random(7), 600) if each.type != "phone" or each.field != "user_agent"]
    events = [build_event(**{each.field: each.written}) for each in planted]
    links = [
        {"id": each.written, "referrer_id": each.written, "source": "s"} for each in planted if each.field == "link_id"
    ]
    with structlog.testing.capture_logs() as logs:
        api.post_events(*events)
        api.send("POST", "/v1/links", json={"items": links})
        for link in links:
            api.send("PUT", f"/v1/study-sessions/{uuid4()}", json={"participant_ids": [link["id"]]})
        api.send("POST", "/v1/guardrails/evaluations")
        api.refuse_events({**events[0], "conversion_value": EMAIL, EMAIL: 1})
        for path in ("/v1/investigations/referrers", "/v1/investigations/devices"):
            assert api.get(f"{path}/{EMAIL}").status_code == 404
        assert api.send("DELETE", f"/v1/links/{EMAIL}").status_code == 404
    stored = "\n".join(list_stored_texts(connection))
    written = "\n".join([json.dumps(logs, default=str), *(str(redis.dump(key)) for key in redis.scan_iter())])
    parts = {part for each in planted for part in each.parts} | {EMAIL}
    assert [part for part in parts if part in stored or part in written] == []


def test_ids_join_in_every_form(api: Api, connection: Connection) -> None:
    api.send("PUT", f"/v1/links/{EMAIL}", json={"referrer_id": "Parent@Example.com", "source": "buddy_challenge"})
    api.post_events(
        build_event(link_id="mia.jones%40example.com", user_id="leo@example.com"),
        build_event("signup", user_id="leo%40example.com", referrer_id="parent@example.com"),
    )
    rows = connection.execute(text("SELECT DISTINCT referrer_id, user_id FROM attribution_events")).all()
    assert len(rows) == 1
    assert all(value.startswith("pii-email-") for value in rows[0])
    assert connection.execute(text("SELECT click_count FROM attribution_links")).scalar_one() == 1
    assert api.get("/v1/investigations/referrers/parent@example.com").status_code == 200
    assert api.send("DELETE", f"/v1/links/{EMAIL}").status_code == 204


def test_each_accepted_event_is_counted_once_by_day_loop_field_and_type(api: Api) -> None:
    yesterday = NOW - timedelta(days=1)
    api.send("PUT", "/v1/links/known", json={"referrer_id": "r", "source": "parent_share"})
    first = {**leak(at=NOW, user_id=EMAIL), "event_id": str(uuid4())}
    api.post_events(first, first, leak(at=yesterday), leak(at=yesterday, link_id="known"))
    api.post_events(first, build_event(at=NOW))
    answer = api.read("/v1/guardrails/event-pii", days=7)
    days = {str(NOW.date()): "today", str(yesterday.date()): "yesterday"}
    counts = {
        (days[each["date"]], each["source"], each["field"], each["type"]): each["events"] for each in answer["leaks"]
    }
    assert counts == {
        ("today", "buddy_challenge", "landing_page", "email"): 1,
        ("today", "buddy_challenge", "user_id", "email"): 1,
        ("yesterday", "buddy_challenge", "landing_page", "email"): 1,
        ("yesterday", "parent_share", "landing_page", "email"): 1,
    }
    assert answer["total"] == 4
    assert answer["thresholds"] == {"alert_event_pii": 0}
    loops = {loop["source"]: (loop["since"], loop["fields"], loop["types"], loop["events"]) for loop in answer["loops"]}
    assert loops["buddy_challenge"] == (str(yesterday.date()), ["landing_page", "user_id"], ["email"], 3)


@pytest.mark.parametrize("field", get_args(EventPiiField))
def test_every_field_that_is_looked_through_can_be_answered(api: Api, field: str) -> None:
    given = "123-45-6789"
    api.post_events(build_event(at=NOW, **{field: {"note": given} if field == "metadata" else given}))
    [leak] = api.read("/v1/guardrails/event-pii", days=7)["leaks"]
    assert (leak["field"], leak["type"]) == (field, "ssn")


def test_since_when_is_known_beyond_the_period_and_pages_follow_each_other(api: Api) -> None:
    api.post_events(*(leak(f"loop-{n % 5}", at=NOW - timedelta(days=n)) for n in range(20)))
    first = api.read("/v1/guardrails/event-pii", days=10, limit=6)
    second = api.read("/v1/guardrails/event-pii", days=10, limit=6, cursor=first["next_cursor"])
    leaks = [*first["leaks"], *second["leaks"]]
    assert Counter(each["source"] for each in leaks) == {f"loop-{n}": 2 for n in range(5)}
    assert second["next_cursor"] is None
    began = {f"loop-{n}": str((NOW - timedelta(days=15 + n)).date()) for n in range(5)}
    assert {each["source"]: each["first_seen"] for each in leaks} == began
    assert {each["source"]: each["since"] for each in first["loops"]} == began


def test_what_leaked_before_the_period_is_looked_up_for_what_is_shown_only(api: Api, connection: Connection) -> None:
    today = NOW.date()
    connection.execute(_FILL, {"first": today - timedelta(days=40)})
    connection.execute(text("ANALYZE event_pii_per_day"))
    api.post_events(*(leak(f"loop-{n}", at=NOW) for n in range(40)))
    identifiers = Identifiers(References("k"), whole=True)
    query = Query(Period.last_days(7, now=NOW), DetectionSettings(), NOW, identifiers, Page(20), DetectionSettings())
    with watch_statements(connection) as statements:
        answer = fetch_event_pii(connection, query)
    ((statement, values),) = statements.sent
    assert len(answer.leaks) == 20
    assert {each.first_seen for each in answer.leaks} == {today - timedelta(days=40)}
    assert {each.since for each in answer.loops} == {today - timedelta(days=40)}
    assert count_rows_read(connection, "event_pii_per_day", statement, values) < 200


def test_a_batch_whose_texts_take_too_long_is_not_stored(
    runtime_url: str, redis_url: str, connection: Connection, empty_database: Engine
) -> None:
    hurried = build_app(database_url=runtime_url, redis_url=redis_url, pii_scan_seconds=0.0001)
    api = Api(hurried, create_token(empty_database, Scope.EVENTS_WRITE))
    cards = "4111 1111 1111 1111 " * 100
    events = [build_event(landing_page=f"/?{number}={cards}") for number in range(10)]
    problem = api.refuse(422, "POST", "/v1/events", json={"events": events})
    assert (problem["code"], "4111" in str(problem)) == ("not_scanned", False)
    assert connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one() == 0
    assert api.post_events(build_event())["accepted"] == 1


def test_a_rebuild_leaves_the_counts(api: Api) -> None:
    api.post_events(leak(at=NOW))
    before = api.read("/v1/guardrails/event-pii")["leaks"]
    rebuild(api)
    assert api.read("/v1/guardrails/event-pii")["leaks"] == before != []


def test_an_empty_period_has_no_leaks(api: Api) -> None:
    answer = api.read("/v1/guardrails/event-pii")
    assert (answer["total"], answer["leaks"], answer["loops"]) == (0, [], [])


def test_an_alert_names_loop_field_and_since_when(api: Api) -> None:
    api.post_events(leak(at=NOW), leak("results_rally", at=NOW - timedelta(days=9)))
    api.send("POST", "/v1/guardrails/evaluations")
    (alert,) = [each for each in api.read("/v1/alerts")["alerts"] if each["type"] == "pii_in_events"]
    assert alert["severity"] == "high"
    today = NOW.date()
    assert alert["message"].startswith(
        f"Events of buddy_challenge have carried personal information since {today} (landing_page)"
    )
    (row,) = alert["evidence"]["rows"]
    assert row["label"] == f"email in landing_page of buddy_challenge, since {today}"
    assert (row["value"], row["unit"]) == (1, "events")


def test_a_subject_is_found_and_erased_by_the_raw_id(api: Api, connection: Connection) -> None:
    events = [build_event(user_id=EMAIL, at=NOW - timedelta(days=2)), build_event(user_id="other")]
    api.post_events(*events)
    # As an older version stored it.
    connection.execute(text("UPDATE attribution_events SET user_id = :raw WHERE user_id = 'other'"), {"raw": EMAIL})
    asked = {"kind": "export", "subject_kind": "user", "subject_id": EMAIL}
    request = api.send("POST", "/v1/privacy/requests", json=asked).get_json()
    exported = api.send("POST", f"/v1/privacy/requests/{request['id']}/export").get_json()
    assert len(exported["data"]["attribution_events"]) == 2
    erase = api.send("POST", "/v1/privacy/requests", json={**asked, "kind": "erase"}).get_json()
    erased = api.send("POST", f"/v1/privacy/requests/{erase['id']}/erase", json={}).get_json()
    assert erased["result"]["attribution_events"] == 2
    assert api.post_events(*events[:1])["erased"] == 1
    assert connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one() == 0


_AS_BEFORE = """
    UPDATE attribution_links SET link_id = 'mia.jones@example.com', referrer_id = 'dad@example.com';
    UPDATE attribution_events SET link_id = 'mia.jones@example.com', referrer_id = 'dad@example.com';
    UPDATE link_counts SET link_id = 'mia.jones@example.com'
"""


def post_link_of_older_release(api: Api, connection: Connection) -> None:
    api.send("PUT", "/v1/links/known", json={"referrer_id": "dad", "source": "buddy_challenge"})
    api.post_events(build_event(link_id="known", at=NOW, device_fingerprint="d"))
    for statement in _AS_BEFORE.split(";"):
        connection.execute(text(statement))


@pytest.mark.parametrize("is_sent_again", [False, True])
def test_links_of_an_older_release_meet_their_events(
    api: Api, connection: Connection, context: Context, *, is_sent_again: bool
) -> None:
    post_link_of_older_release(api, connection)
    if is_sent_again:
        api.send("PUT", f"/v1/links/{EMAIL}", json={"referrer_id": "mom@example.com", "source": "parent_share"})
    with context.database.write() as writing:
        replace_in_stored_links(writing, context.pseudonyms, now=NOW)
    rebuild(api)
    api.post_events(build_event(link_id=EMAIL, at=NOW, device_fingerprint="e"))
    (link,) = connection.execute(text("SELECT * FROM attribution_links")).all()
    assert (link.link_id[:10], link.referrer_id[:10], link.click_count) == ("pii-email-", "pii-email-", 2)
    assert link.source == ("parent_share" if is_sent_again else "buddy_challenge")
    newest = text("SELECT referrer_id, source FROM attribution_events WHERE device_fingerprint = 'e'")
    assert tuple(connection.execute(newest).one()) == (link.referrer_id, link.source)
    assert api.read("/v1/guardrails/opt-outs", days=7)["attribution_links"]["zero_clicks"] == 0
    counts = text("SELECT link_id, clicks FROM link_counts ORDER BY 1")
    assert connection.execute(counts).all() == [(link.link_id, 2)]
    assert api.send("DELETE", f"/v1/links/{EMAIL}").status_code == 204


def test_until_then_they_are_found_by_the_ids_that_they_came_with(api: Api, connection: Connection) -> None:
    post_link_of_older_release(api, connection)
    assert api.read("/v1/investigations/referrers/dad@example.com", days=7)["looked_at_events"] == 1
    assert api.send("DELETE", f"/v1/links/{EMAIL}").status_code == 204
    assert connection.execute(text("SELECT count(*) FROM attribution_links")).scalar_one() == 0


@pytest.mark.parametrize("stored", ["raw", "pseudonym"])
def test_who_was_erased_by_either_id_is_not_stored_again(api: Api, connection: Connection, stored: str) -> None:
    event = build_event(user_id=EMAIL, at=NOW - timedelta(days=2))
    api.post_events(event)
    pseudonym = connection.execute(text("SELECT user_id FROM attribution_events")).scalar_one()
    asked = {"kind": "erase", "subject_kind": "user", "subject_id": EMAIL if stored == "raw" else pseudonym}
    request = api.send("POST", "/v1/privacy/requests", json=asked).get_json()
    assert api.send("POST", f"/v1/privacy/requests/{request['id']}/erase", json={}).status_code == 200
    assert api.post_events(build_event(user_id="Mia.Jones@example.com", at=NOW - timedelta(days=1)))["erased"] == 1
