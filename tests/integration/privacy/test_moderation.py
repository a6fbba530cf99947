"""The app is asked once to hide each item that violates, and hears of new findings again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.db.database import Database
from metrics_api.privacy.moderation import request_moderation
from metrics_api.settings.deliveries import DeliverySettings
from tests.support.api_fixtures import Api
from tests.support.content_builders import EMAIL, PHONE, build_reel, build_share, save_reels, save_shares

VIOLATIONS = "/v1/guardrails/coppa/violations"
URL = "https://app.example/hide"
SETTINGS = DeliverySettings(takedown_webhook_url=URL, takedown_webhook_secret="s" * 32)


def ask(database: Database, settings: DeliverySettings = SETTINGS, *, after: timedelta = timedelta()) -> int:
    with database.write() as connection:
        return request_moderation(connection, settings, now=datetime.now(UTC) + after)


def fetch_asked(connection: Connection) -> list[dict[str, Any]]:
    statement = text("SELECT takedown FROM delivery_requests ORDER BY id")
    return list(connection.execute(statement).scalars())


def test_each_item_is_asked_for_once_with_all_that_was_found(
    api: Api, connection: Connection, database: Database
) -> None:
    both = {"a": EMAIL["message"], "b": PHONE["message"]}
    save_shares(api, build_share("s-1", both), build_share("clean"))
    save_reels(api, build_reel("r-1", EMAIL))
    assert (ask(database), ask(database)) == (2, 0)
    asked = {(each["content_kind"], each["content_id"]): each["types"] for each in fetch_asked(connection)}
    assert asked == {("parent_share", "s-1"): ["email", "phone"], ("progress_reel", "r-1"): ["email"]}
    rows = connection.execute(text("SELECT kind, recipient, status FROM deliveries")).all()
    assert set(rows) == {("webhook", URL, "pending")}


def test_a_worker_gets_the_item_and_the_secret_that_signs(api: Api, connection: Connection, database: Database) -> None:
    save_shares(api, build_share("s-1", EMAIL))
    ask(database)
    delivery_id = connection.execute(text("SELECT id FROM deliveries")).scalar_one()
    claimed = api.send("POST", f"/internal/deliveries/{delivery_id}/claim").get_json()
    assert (claimed["takedown"]["content_id"], claimed["notification"], claimed["report"]) == ("s-1", None, None)


def test_something_new_in_the_same_item_is_asked_for_again(
    api: Api, connection: Connection, database: Database
) -> None:
    save_shares(api, build_share("s-1", EMAIL))
    ask(database)
    save_shares(api, build_share("s-1", {"a": EMAIL["message"], "b": PHONE["message"]}))
    assert ask(database) == 1
    assert [each["types"] for each in fetch_asked(connection)] == [["email"], ["email", "phone"]]


def test_nobody_is_called_without_an_address(api: Api, connection: Connection, database: Database) -> None:
    save_shares(api, build_share("s-1", EMAIL))
    assert ask(database, DeliverySettings()) == 0
    assert fetch_asked(connection) == []


@pytest.mark.parametrize(("after", "asked"), [(timedelta(hours=23), 1), (timedelta(hours=25), 0)])
def test_an_address_that_is_set_late_starts_no_storm(
    api: Api, database: Database, after: timedelta, asked: int
) -> None:
    save_shares(api, build_share("s-1", EMAIL))
    assert ask(database, after=after) == asked


def test_no_call_is_lost_however_long_nobody_asked(api: Api, database: Database) -> None:
    ask(database)
    save_shares(api, build_share("s-1", EMAIL))
    assert ask(database, after=timedelta(days=5)) == 1


def test_taking_the_address_away_begins_anew(api: Api, database: Database) -> None:
    ask(database)
    save_shares(api, build_share("s-1", EMAIL))
    ask(database, DeliverySettings(), after=timedelta(days=1))
    assert ask(database, after=timedelta(days=5)) == 0


def resolve(api: Api, resolution: str) -> None:
    listed = api.read(VIOLATIONS, start="2026-03-04", end="2026-03-04")["violations"]
    path = f"{VIOLATIONS}/{listed[0]['id']}/resolve"
    assert api.send("POST", path, json={"resolution": resolution, "note": "said so"}).status_code == 200


def test_another_value_at_the_place_of_a_false_positive_is_asked_for(api: Api, database: Database) -> None:
    save_shares(api, build_share("s-1", {"message": "my SSN is 219-09-9999"}))
    assert ask(database) == 1
    resolve(api, "false_positive")
    save_shares(api, build_share("s-1", {"message": "my SSN is 536-22-8726"}))
    assert ask(database, after=timedelta(hours=1)) == 1


@pytest.mark.parametrize("is_deleted_first", [True, False])
def test_what_is_posted_again_after_its_removal_is_asked_for(
    api: Api, database: Database, is_deleted_first: bool
) -> None:
    save_shares(api, build_share("s-1", EMAIL))
    assert ask(database) == 1
    resolve(api, "removed")
    if is_deleted_first:
        api.send("DELETE", "/v1/parent-shares/s-1")
    save_shares(api, build_share("s-1", EMAIL))
    assert ask(database) == 1


def test_what_a_person_has_judged_is_not_asked_for(api: Api, database: Database) -> None:
    save_shares(api, build_share("s-1", EMAIL))
    resolve(api, "false_positive")
    assert ask(database) == 0
