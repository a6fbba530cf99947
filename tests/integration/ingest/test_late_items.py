"""A link, share, reel or study session that is written again after a purge or an erasure brings nothing back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.db.database import Database
from tests.support.api_fixtures import Api
from tests.support.batches import rebuild
from tests.support.brute_force import fetch_facts
from tests.support.builders import NOON, build_link
from tests.support.content_builders import build_reel, build_session, build_share
from tests.support.privacy_requests import CHILD, erase
from tests.support.purging import NEW, OLD, dump, purge

ITEMS: dict[str, dict[str, Any]] = {
    "links": {**build_link("l", referrer_id=CHILD), "inserted_at": NOON.isoformat()},
    "parent-shares": build_share("s", {"by": {"id": CHILD}}, inserted_at=NOON.isoformat()),
    "progress-reels": build_reel("r", {"scores": {CHILD: 1}}, inserted_at=NOON.isoformat()),
}


def post(api: Api, path: str, *items: dict[str, Any]) -> dict[str, Any]:
    response = api.send("POST", f"/v1/{path}", json={"items": list(items)})
    assert response.status_code == 200, response.get_data(as_text=True)
    return dict(response.get_json())


def without_time(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "inserted_at"}


@pytest.mark.parametrize("path", ITEMS)
def test_an_item_of_the_erased_stays_erased(api: Api, connection: Connection, path: str) -> None:
    item = ITEMS[path]
    post(api, path, item)
    erase(api, connection)
    facts = fetch_facts(connection)
    for again in (item, without_time(item), {**item, "id": "never-sent"}):
        assert post(api, path, again) == {"created": 0, "replaced": 0, "erased": 1}
    body = {name: value for name, value in item.items() if name != "id"}
    put = api.send("PUT", f"/v1/{path}/{item['id']}", json=body)
    assert (put.status_code, put.get_json()) == (200, {"id": item["id"], "created": False, "erased": True})
    assert fetch_facts(connection) == facts
    assert CHILD not in dump(connection)


@pytest.mark.parametrize("path", ITEMS)
def test_what_is_written_after_the_erasure_is_stored(api: Api, connection: Connection, path: str) -> None:
    item = ITEMS[path]
    post(api, path, item)
    erase(api, connection)
    later = {**item, "inserted_at": datetime.now(UTC).isoformat()}
    assert post(api, path, later) == {"created": 1, "replaced": 0}


def test_a_study_session_loses_only_the_participant(api: Api, connection: Connection) -> None:
    dated = build_session("dated", CHILD, "friend", inserted_at=NOON.isoformat())
    undated = without_time(build_session("undated", CHILD, "friend"))
    post(api, "study-sessions", dated, undated)
    erase(api, connection)
    new = build_session("new", CHILD, "friend", inserted_at=NOON.isoformat())
    assert post(api, "study-sessions", dated, undated, new) == {"created": 1, "replaced": 2}
    left = connection.execute(text("SELECT DISTINCT participant_ids FROM study_sessions")).scalars().all()
    assert left == [["friend"]]
    facts = fetch_facts(connection)
    rebuild(api)
    assert fetch_facts(connection) == facts


def test_content_of_a_purged_date_is_not_stored(api: Api, connection: Connection, database: Database) -> None:
    def build_all(at: datetime, name: str) -> list[tuple[str, dict[str, Any]]]:
        when = {"inserted_at": at.isoformat()}
        return [
            ("parent-shares", build_share(name, **when)),
            ("progress-reels", build_reel(name, **when)),
            ("study-sessions", build_session(name, "u", **when)),
        ]

    for path, item in [*build_all(OLD, "old"), *build_all(NEW, "new")]:
        post(api, path, item)
    purge(database)
    facts = fetch_facts(connection)
    for path, item in build_all(OLD, "old"):
        assert post(api, path, item) == {"created": 0, "replaced": 0, "expired": 1}
    for path, item in build_all(NEW, "new"):
        assert post(api, path, item) == {"created": 0, "replaced": 1}
    assert fetch_facts(connection) == facts


def test_an_old_link_is_stored_and_counts_on_no_purged_date(
    api: Api, connection: Connection, database: Database
) -> None:
    """New events may still come by it."""
    link = build_link("old", referrer_id="r", inserted_at=OLD.isoformat())
    post(api, "links", link)
    purge(database)
    totals = text("SELECT day, referrer_id, invites FROM activity_per_referrer_day")
    content = text("SELECT day, items, unopened FROM content_per_day WHERE kind = 'link'")
    before = connection.execute(totals).all(), connection.execute(content).all()
    assert post(api, "links", link) == {"created": 1, "replaced": 0}
    assert api.send("DELETE", "/v1/links/old").status_code == 204
    assert (connection.execute(totals).all(), connection.execute(content).all()) == before
    assert post(api, "links", {**link, "inserted_at": (NEW + timedelta(days=1)).isoformat()})["created"] == 1
    assert len(connection.execute(totals).all()) == len(before[0]) + 1
