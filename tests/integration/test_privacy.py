"""Parents' requests: what is stored about a child is shown whole, or is gone everywhere, and the facts follow."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.db.tables import alerts
from tests.api_fixtures import Api
from tests.brute_force import fetch_facts
from tests.builders import NOON, build_clicks, build_event, build_link
from tests.content_builders import build_reel, build_session, build_share, save, save_reels, save_shares
from tests.integration.test_purge import dump, save_leftovers
from tests.integration.test_rebuild import rebuild

CHILD, DEVICE, ADDRESS = "child-7", "tablet-7", "203.0.113.77"


def post_life_of(api: Api, child: str) -> None:
    """What a child leaves behind: alone, and with and for others."""
    link = build_link(f"link-of-{child}", referrer_id=child, inserted_at=NOON.isoformat())
    api.send("POST", "/v1/links", json={"items": [link]})
    same = {"device_fingerprint": DEVICE, "ip_address": ADDRESS}
    api.post_events(*build_clicks(4, apart=1, user_id=child, **same))
    api.post_events(build_event("signup", user_id="friend", link_id=f"link-of-{child}"))
    api.post_events(build_event("signup", at=NOON + timedelta(days=1), user_id="friend", referrer_id="somebody-else"))
    api.post_events(build_event("conversion", user_id="friend", referrer_id=child))
    api.post_events(*build_clicks(1, user_id="friend", **same))
    save(api, "study-sessions", build_session("meeting", child, "friend"))
    save_shares(api, build_share("about", {"by": {"id": child}}), build_share("other", {"by": "friend"}))
    save_reels(api, build_reel("reel", {"player": child, "note": "write to a@example.com"}))


def ask(api: Api, kind: str, **subject: object) -> dict[str, Any]:
    """A request that must be recorded."""
    response = api.send("POST", "/v1/privacy/requests", json={"kind": kind, **subject})
    assert response.status_code == 201, response.get_data(as_text=True)
    return dict(response.get_json())


def do(api: Api, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to doing a request."""
    response = api.send("POST", f"/v1/privacy/requests/{request['id']}/{request['kind']}")
    assert response.status_code == 200, response.get_data(as_text=True)
    return dict(response.get_json())


def finish_batches(api: Api, connection: Connection) -> None:
    """Do every step that is left of what an erasure has started."""
    for batch_id in connection.execute(text("SELECT id FROM batches")).scalars():
        while api.send("POST", f"/internal/batches/{batch_id}/step").get_json()["status"] != "done":
            pass


def test_an_export_holds_everything_about_the_child_and_nobody_else(api: Api) -> None:
    post_life_of(api, CHILD)
    exported = do(api, ask(api, "export", subject_id=CHILD))
    counts = {table: len(rows) for table, rows in exported["data"].items()}
    assert counts == {
        "attribution_events": 4,
        "attribution_links": 1,
        "activity_per_referrer_day": 2,
        "user_journeys": 1,
        "active_weeks": 1,
        "study_sessions": 1,
        "parent_shares": 1,
        "progress_reels": 1,
        "credited_events": 2,
        "violations": 1,
    }
    assert "friend" not in str(exported)


@pytest.mark.parametrize(
    ("kind", "subject_id", "events"),
    [("device", DEVICE, 5), ("ip_address", f"::ffff:{ADDRESS}", 5), ("session", "s", 0)],
)
def test_a_device_an_address_and_a_session_are_exported_too(api: Api, kind: str, subject_id: str, events: int) -> None:
    post_life_of(api, CHILD)
    exported = do(api, ask(api, "export", subject_kind=kind, subject_id=subject_id))
    assert len(exported["data"]["attribution_events"]) == events


def test_after_an_erasure_the_child_is_in_no_table(api: Api, connection: Connection) -> None:
    post_life_of(api, CHILD)
    save_leftovers(connection, CHILD, NOON)
    connection.execute(text("UPDATE report_runs SET content = replace(content::text, '-referrer', '')::jsonb"))
    evidence = {"refs": [CHILD], "rows": [{"ref": CHILD, "label": CHILD}]}
    connection.execute(alerts.update().values(evidence=evidence))
    connection.execute(text("DELETE FROM batches"))
    connection.execute(text("DELETE FROM job_keys"))
    done = do(api, ask(api, "erase", subject_id=CHILD, note="The mother, by phone from the number on file."))
    assert (done["status"], done["subject_id"]) == ("done", None)
    assert {name: rows for name, rows in done["result"].items() if rows} == {
        "attribution_events": 4,
        "credited_events": 2,
        "attribution_links": 1,
        "study_sessions": 1,
        "parent_shares": 1,
        "progress_reels": 1,
        "report_runs": 1,
        "alerts": 1,
    }
    left = dump(connection).replace(f"link-of-{CHILD}", "").replace(f"{CHILD}-share", "")  # Links' ids and audit stay.
    assert CHILD not in left
    assert "friend" in left


@pytest.mark.parametrize(("kind", "subject_id"), [("user", CHILD), ("device", DEVICE), ("ip_address", ADDRESS)])
def test_facts_after_an_erasure_are_those_of_what_is_left(
    api: Api, connection: Connection, kind: str, subject_id: str
) -> None:
    post_life_of(api, CHILD)
    do(api, ask(api, "erase", subject_kind=kind, subject_id=subject_id))
    finish_batches(api, connection)
    incremental = fetch_facts(connection)
    rebuild(api)
    assert fetch_facts(connection) == incremental
    assert subject_id not in dump(connection).replace(f"link-of-{CHILD}", "")


def test_a_request_is_due_after_the_days_that_are_set(api: Api) -> None:
    request = ask(api, "erase", subject_id="x", received_at="2026-01-02T09:00:00Z")
    assert (request["due_at"], request["overdue"], request["status"]) == ("2026-02-01T09:00:00Z", True, "open")
    listed = api.read("/v1/privacy/requests")
    assert (listed["total_requests"], listed["requests"]) == (1, [request])


def test_a_request_is_done_once_and_as_what_it_is(api: Api) -> None:
    request = ask(api, "export", subject_id="x")
    path = f"/v1/privacy/requests/{request['id']}"
    assert api.refuse(409, "POST", f"{path}/erase")["code"] == "other_kind"
    do(api, request)
    api.refuse(404, "POST", f"{path}/export")


def test_what_is_no_address_is_refused(api: Api) -> None:
    body = {"kind": "export", "subject_kind": "ip_address", "subject_id": "tablet"}
    problem = api.refuse(422, "POST", "/v1/privacy/requests", json=body)
    assert problem["errors"] == [{"pointer": "/subject_id", "detail": "must be an IPv4 or IPv6 address"}]


def test_the_policy_says_what_is_set(api: Api) -> None:
    kept = {rule["setting"]: rule["kept_days"] for rule in api.read("/v1/privacy/policy")["rules"]}
    assert kept == {
        "RETENTION_EVENTS_DAYS": 90,
        "RETENTION_CONTENT_DAYS": 90,
        "DELIVERY_PRUNE_DAYS": 7,
        "RETENTION_AUDIT_DAYS": 730,
        None: None,
    }
