"""The nightly purge: what is old is in no table any more, what is kept still says the same."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, text

from metrics_api.db.database import Database
from metrics_api.db.tables import (
    alert_news,
    alerts,
    delivery_requests,
    entity_lists,
    erasures,
    notification_rules,
    privacy_requests,
    purges,
    sign_in_failures,
)
from metrics_api.ingest.retained import fetch_retained
from metrics_api.privacy.purge import STEPS, is_due, purge_some, start_purge
from tests.support.api_fixtures import Api
from tests.support.batches import rebuild
from tests.support.brute_force import fetch_facts
from tests.support.builders import NOON, build_clicks, build_event, build_link
from tests.support.purging import (
    FIRST_KEPT,
    NEW,
    NEW_IP,
    NIGHT,
    OLD,
    OLD_IP,
    SETTINGS,
    dump,
    post_of,
    purge,
    save_leftovers,
)


def save_people(connection: Connection, age: str, at: datetime) -> None:
    """What people leave behind: a parent's requests, a trusted network whose trust has ended, a failed sign-in."""
    before_audit = at if age == "new" else NIGHT - timedelta(days=31)
    asked = {
        "kind": "export",
        "subject_kind": "user",
        "subject_hash": "x",
        "created_by": "ana",
        "received_at": at,
        "due_at": before_audit,
        "note": f"{age}-mother",
    }
    done = {"done_at": before_audit, "done_by": "ana", "subject_id": None}
    connection.execute(insert(privacy_requests).values(**asked, subject_id=f"{age}-user"))
    connection.execute(insert(privacy_requests).values(**asked, **done))
    a_week_ago = {"done_at": NIGHT - timedelta(days=7, seconds=1), "due_at": NIGHT, "subject_id": "old-exported"}
    connection.execute(insert(privacy_requests).values(asked | done | a_week_ago | {"note": "father"}))
    network = {
        "list": "allow",
        "kind": "network",
        "value": f"{NEW_IP if age == 'new' else OLD_IP}/32",
        "reason": f"{age}-school",
    }
    trusted = {"expires_at": at, "created_at": at, "created_by": "ana"}
    connection.execute(insert(entity_lists).values(**network, **trusted))
    connection.execute(insert(erasures).values(mark=age.encode(), kind="user", erased_at=at))
    last_at = NIGHT - timedelta(days=1, seconds=1 if age == "old" else -1)
    connection.execute(insert(sign_in_failures).values(account_hash=f"{age}-hash", failures=1, last_at=last_at))


def save_alert_event(connection: Connection, age: str, at: datetime) -> None:
    """What was told about that alert."""
    rule = {"name": f"Rule {at}", "severities": ["high"], "channel": "email", "target": "ana@example.org"}
    rule_id = connection.execute(
        insert(notification_rules).values(**rule, created_by="ana", created_at=at).returning(notification_rules.c.id)
    ).scalar_one()
    alert_id = connection.execute(select(func.max(alerts.c.id))).scalar_one()
    news = {
        "alert_id": alert_id,
        "event": "ended",
        "severity": "high",
        "count": 3,
        "message": f"{age}-ana resolved it.",
    }
    told = {"rule": "On call", "channel": "email", "news": [news | {"type": "conversion_anomaly"}], "is_test": False}
    asked = {"notification": told, "rule_id": rule_id, "requested_by": "notifications", "created_at": at}
    connection.execute(insert(delivery_requests).values(asked))
    connection.execute(insert(alert_news).values(**news, rule_id=rule_id, created_at=at))


@pytest.fixture
def purged(api: Api, connection: Connection, database: Database) -> dict[str, Any]:
    """Data of both sides of the border; the score of the kept dates before and after the purge."""
    for age, at, ip_address in (("old", OLD, OLD_IP), ("new", NEW, NEW_IP)):
        post_of(api, age, at, ip_address)
        save_leftovers(connection, age, at)
        save_alert_event(connection, age, at)
        save_people(connection, age, at)
    # Somebody who came back: three clicks over midnight, an old link that is still used, an old sign-up.
    api.post_events(*build_clicks(3, at=OLD, apart=1, device_fingerprint="lasting-device"))
    link = build_link("lasting-link", referrer_id="lasting-referrer", inserted_at=OLD.isoformat())
    api.send("POST", "/v1/links", json={"items": [link]})
    for at in (OLD, NEW):
        api.post_events(build_event("signup", at=at, user_id="lasting-user", link_id="lasting-link"))
    before = read_health(api)
    purge(database)
    return {"before": before, "after": read_health(api)}


def read_health(api: Api) -> dict[str, Any]:
    health = api.read("/v1/guardrails/health", start=str(FIRST_KEPT.date()), end=str(NOON.date()))
    return {name: health[name] for name in ("health_score", "deductions", "components")} | {
        "components": json.loads(json.dumps(health["components"]).replace(health["computed_at"], ""))
    }


@pytest.mark.usefixtures("purged")
def test_no_old_identifier_is_left_in_any_table(connection: Connection) -> None:
    left = dump(connection)
    assert [word for word in ("old-", OLD_IP) if word in left] == []
    for word in ("new-link", "new-device", "new-user", "new-session", "new-share", "new-ref", NEW_IP, "lasting-device"):
        assert word in left
    for word in ("new-referrer leads", "new-mother", "new-school", "new-hash"):
        assert word in left


def test_scores_of_kept_dates_are_unchanged(purged: dict[str, Any]) -> None:
    assert purged["before"]["components"]["bots"]["total_flagged_devices"] == 2
    assert _without_times(purged["after"]) == _without_times(purged["before"])


def _without_times(health: dict[str, Any]) -> str:
    for component in health["components"].values():
        component.pop("computed_at")
    return json.dumps(health, sort_keys=True)


@pytest.mark.usefixtures("purged")
def test_a_rebuild_after_the_purge_agrees(api: Api, connection: Connection) -> None:
    right = fetch_facts(connection)
    rebuild(api)
    assert fetch_facts(connection) == right


@pytest.mark.usefixtures("purged")
def test_sums_without_identifiers_stay(connection: Connection) -> None:
    activity = text(
        "SELECT sum(invites), sum(clicks), sum(signups), max(referrer_id) FROM activity_per_referrer_day WHERE day < :d"
    )
    assert connection.execute(activity, {"d": FIRST_KEPT.date()}).one() == (2, 13, 2, "")
    shares = text("SELECT items, checked, violating FROM content_per_day WHERE day < :d AND kind = 'parent_share'")
    assert connection.execute(shares, {"d": FIRST_KEPT.date()}).one() == (1, 1, 1)


@pytest.mark.usefixtures("purged")
def test_people_who_came_back_are_known_by_what_is_kept(connection: Connection) -> None:
    signup = text("SELECT first_signup_at FROM user_journeys WHERE person = 'user:lasting-user'")
    assert connection.execute(signup).scalar_one() == NEW


@pytest.mark.usefixtures("purged")
def test_that_something_was_told_is_still_known(connection: Connection) -> None:
    told = text("SELECT jsonb_array_length(notification -> 'news') FROM delivery_requests WHERE rule_id IS NOT NULL")
    assert connection.execute(told).scalars().all() == [1, 1]


def test_an_event_of_an_alert_that_lasts_stays(connection: Connection, database: Database) -> None:
    save_leftovers(connection, "old", OLD)
    save_alert_event(connection, "old", OLD)
    connection.execute(text("UPDATE alerts SET status = 'open', resolved_at = NULL"))
    purge(database)
    assert connection.execute(select(func.count()).select_from(alert_news)).scalar_one() == 1


@pytest.mark.usefixtures("purged")
def test_the_purge_is_on_record(connection: Connection) -> None:
    record = connection.execute(purges.select()).one()
    assert (record.started_at, record.finished_at, record.events_from) == (NIGHT, NIGHT, FIRST_KEPT.date())
    assert set(record.deleted) == set(STEPS)
    assert (record.deleted["attribution_events"], record.deleted["parent_shares"]) == (16, 1)
    assert fetch_retained(connection).events == FIRST_KEPT.date()


@pytest.mark.usefixtures("purged")
@pytest.mark.parametrize("path", ["guardrails/health", "guardrails/coppa/violations", "growth/loops"])
def test_answers_say_from_when_on_they_are_whole(api: Api, path: str) -> None:
    first, day_before = str(FIRST_KEPT.date()), str(OLD.date())
    assert api.read(f"/v1/{path}", start=day_before, end=first)["retained_from"] == first
    assert api.read(f"/v1/{path}", start=first, end=first)["retained_from"] is None


def test_a_purge_goes_on_where_it_stopped(api: Api, connection: Connection, database: Database) -> None:
    post_of(api, "old", OLD, OLD_IP)
    with database.write() as other:
        assert purge_some(other, SETTINGS, now=NIGHT)
    purge(database, NIGHT + timedelta(hours=2))
    assert connection.execute(purges.select()).one().finished_at == NIGHT + timedelta(hours=2)
    assert "old-" not in dump(connection)


def test_a_night_without_old_data_deletes_nothing(api: Api, connection: Connection, database: Database) -> None:
    post_of(api, "new", NEW, NEW_IP)
    before = fetch_facts(connection)
    purge(database)
    assert connection.execute(purges.select()).one().deleted == {}
    assert fetch_facts(connection) == before


@pytest.mark.parametrize(
    ("last", "began", "now", "due"),
    [
        (None, None, NIGHT, True),
        (None, NIGHT, NOON, False),
        (None, NIGHT - timedelta(days=2), NOON, True),
        (NIGHT, NIGHT, NIGHT + timedelta(minutes=59), False),
        (NIGHT - timedelta(days=1), NIGHT, NIGHT, True),
        (NIGHT - timedelta(days=1), NIGHT - timedelta(days=99), NIGHT - timedelta(hours=1), False),
        (NIGHT - timedelta(days=2), NIGHT, NOON, True),
    ],
)
def test_it_is_due_once_a_night_and_after_a_missed_one(
    last: datetime | None, began: datetime | None, now: datetime, due: bool
) -> None:
    assert is_due(last, began, 3, now=now) is due


def test_an_installation_that_is_down_at_night_purges_when_it_is_up(connection: Connection, database: Database) -> None:
    since = text("UPDATE tokens SET created_at = :at")
    connection.execute(since, {"at": NOON - timedelta(hours=35)})
    assert purge(database, NOON) == 1
    assert connection.execute(purges.select()).all() == []
    connection.execute(since, {"at": NOON - timedelta(hours=37)})
    purge(database, NOON)
    assert connection.execute(purges.select()).one().finished_at == NOON


def test_a_report_that_lost_a_name_to_an_erasure_loses_the_others_to_the_purge(
    connection: Connection, database: Database
) -> None:
    save_leftovers(connection, "old", OLD)
    connection.execute(text("UPDATE report_runs SET html = NULL"))
    purge(database)
    assert "old-" not in dump(connection)


@pytest.mark.usefixtures("purged")
def test_a_report_keeps_every_sentence_that_names_nobody(connection: Connection) -> None:
    old, new = connection.execute(text("SELECT content FROM report_runs ORDER BY id")).scalars()
    assert [insight["rule"] for insight in old["insights"]] == ["health"]
    assert old["recommendations"] == ["K is close to 1.0: remove friction."]
    assert (len(new["insights"]), len(new["recommendations"])) == (3, 3)


def test_a_comparison_says_from_when_on_both_periods_are_whole(api: Api, connection: Connection) -> None:
    first = FIRST_KEPT.date()
    start_purge(connection, SETTINGS, now=NIGHT)
    whole = {"start": str(first + timedelta(days=3)), "end": str(first + timedelta(days=5))}
    before = {"start": str(first + timedelta(days=2)), "end": str(first + timedelta(days=5))}
    assert api.read("/v1/growth/k-factor", **whole)["retained_from"] is None
    assert api.read("/v1/growth/k-factor", **before)["retained_from"] == str(first)
