"""Parents' requests: what is stored about a child is shown whole, or is gone everywhere, and the facts follow."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, text

from metrics_api.access.identifiers import References
from metrics_api.db.database import Database
from metrics_api.db.tables import alerts
from metrics_api.deliveries.requests import DeliveryRequest, save_request
from metrics_api.privacy.erasure import erase_subject
from metrics_api.privacy.subjects import OWN_EVENTS, Subject, export_subject
from tests.support.api_fixtures import Api
from tests.support.batches import finish_batches, rebuild
from tests.support.brute_force import fetch_facts
from tests.support.builders import NOON, build_clicks, build_event, build_link
from tests.support.content_builders import build_reel, build_session, build_share, save, save_reels, save_shares
from tests.support.delivery_rows import DOMAIN, HOOK
from tests.support.plans import watch_statements
from tests.support.privacy_requests import ask, do
from tests.support.purging import dump, save_leftovers
from viral_contract.models.deliveries import Takedown
from viral_contract.models.privacy import SubjectKind

CHILD, DEVICE, ADDRESS = "child-7", "tablet-7", "203.0.113.77"


def post_life_of(api: Api, child: str) -> None:
    """What a child leaves behind: alone, and with and for others."""
    link = build_link(f"link-of-{child}", referrer_id=child, campaign="spring", inserted_at=NOON.isoformat())
    api.send("POST", "/v1/links", json={"items": [link]})
    same = {"device_fingerprint": DEVICE, "ip_address": ADDRESS}
    api.post_events(*build_clicks(4, apart=1, user_id=child, **same))
    api.post_events(build_event("signup", user_id="friend", link_id=f"link-of-{child}"))
    api.post_events(build_event("signup", at=NOON + timedelta(days=1), user_id="friend", referrer_id="somebody-else"))
    named = {"landing_page": f"/join?next=%2Fref%3D{child}", "metadata": {"invited": {child: True}}}
    api.post_events(build_event("conversion", user_id="friend", referrer_id=child, **named))
    other = {"landing_page": f"/join?ref={child}7", "referrer_url": "https://example.org/"}
    api.post_events(build_event("visit", user_id="friend", referrer_id=child, **other))
    api.post_events(*build_clicks(1, user_id="friend", **same))
    save(api, "study-sessions", build_session("meeting", child, "friend"))
    save_shares(api, build_share("about", {"by": {"id": child}}), build_share("other", {"by": "friend"}))
    save_reels(api, build_reel("reel", {"player": child, "note": "write to a@example.com"}))


def test_an_export_holds_everything_about_the_child_and_nobody_else(api: Api) -> None:
    post_life_of(api, CHILD)
    exported = do(api, ask(api, "export", subject_id=CHILD))
    counts = {table: len(rows) for table, rows in exported["data"].items()}
    assert counts == {
        "attribution_events": 4,
        "attribution_links": 1,
        "activity_per_referrer_day": 2,
        "activity_per_campaign_day": 1,
        "conversions_per_referrer_day": 1,
        "devices_per_network_day": 0,
        "referrers_per_network_day": 0,
        "device_users": 1,
        "referrals": 0,
        "user_journeys": 1,
        "active_weeks": 1,
        "cycles": 0,
        "entity_lists": 0,
        "study_sessions": 1,
        "parent_shares": 1,
        "progress_reels": 1,
        "credited_events": 3,
        "violations": 1,
        "report_runs": 0,
        "deliveries": 0,
        "alerts": 0,
        "cases": 0,
    }
    assert "friend" not in str(exported)
    credited = [event["named_in"] for event in exported["data"]["credited_events"]]
    assert sorted(credited) == [[], [], ["landing_page", "metadata"]]


def test_an_export_tells_which_reports_mails_and_alerts_name_the_child(api: Api, connection: Connection) -> None:
    save_leftovers(connection, CHILD, NOON)
    _name_in_leftovers(connection, CHILD)
    exported = do(api, ask(api, "export", subject_id=CHILD))["data"]
    assert exported["report_runs"][0]["top_referrer"] == {"id": CHILD}
    assert [mail["status"] for mail in exported["deliveries"]] == ["sent"]
    assert exported["alerts"][0]["rows"] == [{"ref": CHILD, "label": CHILD}]


def _name_in_leftovers(connection: Connection, child: str) -> None:
    """Let the report, the email and the alert that were left over name the child itself."""
    connection.execute(text("UPDATE report_runs SET content = replace(content::text, '-referrer', '')::jsonb"))
    connection.execute(text("UPDATE deliveries SET content = replace(content::text, '-referrer', '')::jsonb"))
    connection.execute(text("UPDATE report_runs SET html = replace(html, '-referrer', '')"))
    evidence = {"refs": [child], "rows": [{"ref": child, "label": child}], "period": {"start": "2026-01-01"}}
    connection.execute(alerts.update().values(evidence=evidence))
    named = "UPDATE cases SET entity = 'other', reason = '', evidence = replace(evidence::text, '-partner', '')::jsonb"
    connection.execute(text(named))


def test_an_export_is_one_snapshot(api: Api, database: Database) -> None:
    post_life_of(api, CHILD)
    with database.read() as snapshot:
        snapshot.execute(text("SELECT count(*) FROM tokens"))
        api.post_events(build_event("visit", user_id=CHILD))
        seen = export_subject(snapshot, [Subject("user", CHILD)], References("k"), now=NOON)
    assert len(seen.data["attribution_events"]) == 4


def test_an_export_can_be_made_again_until_the_child_is_erased(api: Api, connection: Connection) -> None:
    post_life_of(api, CHILD)
    request = ask(api, "export", subject_id=CHILD)
    first = do(api, request)
    assert do(api, request)["data"] == first["data"]
    actions = text("SELECT action FROM audit_entries WHERE subject = :subject ORDER BY id")
    noted = connection.execute(actions, {"subject": f"privacy_request:{request['id']}"}).scalars().all()
    assert noted == ["record_privacy_request", "do_privacy_request", "repeat_privacy_request"]
    do(api, ask(api, "erase", subject_id=CHILD))
    api.refuse(404, "POST", f"/v1/privacy/requests/{request['id']}/export")
    assert {each["subject_id"] for each in api.read("/v1/privacy/requests")["requests"]} == {None}


@pytest.mark.parametrize("kind", ["export", "erase"])
def test_a_request_under_whose_id_nothing_is_stored_is_closed_by_a_person(api: Api, kind: str) -> None:
    post_life_of(api, CHILD)
    request = ask(api, kind, subject_id="child-8")
    do(api, request)
    [listed] = api.read("/v1/privacy/requests")["requests"]
    assert (listed["status"], listed["subject_id"], listed["result"]) == ("open", "child-8", None)
    closed = api.send("POST", f"/v1/privacy/requests/{request['id']}/close").get_json()
    assert (closed["status"], closed["subject_id"], closed["result"]) == ("done", None, {})
    api.refuse(404, "POST", f"/v1/privacy/requests/{request['id']}/close")


def test_a_request_under_whose_id_something_is_stored_is_not_closed(api: Api) -> None:
    post_life_of(api, CHILD)
    path = f"/v1/privacy/requests/{ask(api, 'export', subject_id=CHILD)['id']}/close"
    assert api.refuse(409, "POST", path)["code"] == "something_stored"


def test_the_audit_lists_only_what_was_found(api: Api, connection: Connection) -> None:
    api.post_events(build_event(user_id=CHILD))
    do(api, ask(api, "erase", subject_id=CHILD))
    details = text("SELECT details FROM audit_entries WHERE action = 'do_privacy_request'")
    assert connection.execute(details).scalar_one() == {"attribution_events": 1}


def test_a_trusted_address_is_exported_and_erased_and_a_network_stays(api: Api, connection: Connection) -> None:
    for cidr in (ADDRESS, "203.0.113.0/24", "198.51.100.7"):
        assert (
            api.send("PUT", f"/v1/trusted-networks/{quote(cidr, safe='')}", json={"reason": "home"}).status_code == 201
        )
    subject = {"subject_kind": "ip_address", "subject_id": ADDRESS}
    exported = do(api, ask(api, "export", **subject))["data"]["entity_lists"]
    assert [entry["value"] for entry in exported] == ["203.0.113.0/24", f"{ADDRESS}/32"]
    assert do(api, ask(api, "erase", **subject))["result"]["entity_lists"] == 1
    left = connection.execute(text("SELECT value FROM entity_lists ORDER BY 1")).scalars().all()
    assert left == ["198.51.100.7/32", "203.0.113.0/24"]


def test_what_is_on_a_list_is_exported_and_erased_with_its_subject(api: Api, connection: Connection) -> None:
    api.send("POST", "/v1/links", json={"items": [build_link("link-of-child", referrer_id=CHILD)]})
    listed = ("deny/referrer", CHILD), ("watch/device", CHILD), ("deny/link", "link-of-child"), ("deny/link", "other")
    for entry, value in listed:
        assert api.send("PUT", f"/v1/lists/{entry}/{value}", json={"reason": "a farm"}).status_code == 201
    for kind, entry, erased in (("user", ("deny", "referrer"), 2), ("device", ("watch", "device"), 1)):
        subject = {"subject_kind": kind, "subject_id": CHILD}
        exported = do(api, ask(api, "export", **subject))["data"]["entity_lists"]
        assert [(row["list"], row["kind"]) for row in exported] == [entry]
        assert do(api, ask(api, "erase", **subject))["result"]["entity_lists"] == erased
    assert connection.execute(text("SELECT value FROM entity_lists")).scalars().all() == ["other"]


@pytest.mark.parametrize(
    ("subject_id", "data", "is_found"),
    [
        ("42", {"student_id": 42}, True),
        ("42", {"studentIds": [41, 42]}, True),
        ("42", {"by": 42}, True),
        ("42", {"score": 42}, False),
        ("42", {"paid": 42}, False),
        ("42", {"answers": {"42": "b"}}, False),
        ("42", {"student_id": 420}, False),
        ("4242424", {"scores": {"4242424": 3}}, True),
        (CHILD, {"scores": [{CHILD: 3}]}, True),
        (CHILD, {"scores": {"child-77": 3, "by": "child-77", "text": "a word from child-7"}}, False),
        ('quo"te', {"by": ['quo"te']}, True),
        ("é/ü", {"é/ü": None}, True),
    ],
)
def test_an_id_is_found_in_what_is_shared(api: Api, subject_id: str, data: dict[str, Any], is_found: bool) -> None:
    save_shares(api, build_share("s", data))
    save_reels(api, build_reel("r", data))
    exported = do(api, ask(api, "export", subject_id=subject_id))["data"]
    assert (len(exported["parent_shares"]), len(exported["progress_reels"])) == (is_found, is_found)
    do(api, ask(api, "erase", subject_id=subject_id))
    assert api.read("/v1/guardrails/opt-outs", start="2026-01-01", end="2026-03-31")["parent_shares"]["total"] == (
        not is_found
    )


@pytest.mark.parametrize(
    ("subject_id", "url", "is_cleared"),
    [
        (CHILD, "/join?ref=child-7", True),
        (CHILD, "/join/child-7/welcome", True),
        (CHILD, "/join?next=%2Fa%3Fref%3Dchild-7%26x", True),
        (CHILD, "/join?ref=child-77", False),
        (CHILD, "/join?ref=grandchild-7", False),
        ("a b+c", "/join?ref=a%20b%2Bc", True),
        ("a b+c", "/join?ref=a+b%2Bc", True),
        ("a.b", "/join?ref=axb", False),
        ("नि-७", "/join?ref=नि-७", True),
        ("***:x", "/join?ref=***:x", True),
        ("a\\b(c", "/join?ref=a\\b(c", True),
    ],
)
def test_an_id_is_found_in_the_addresses_of_credited_events(
    api: Api, connection: Connection, subject_id: str, url: str, is_cleared: bool
) -> None:
    urls = {"landing_page": url, "referrer_url": f"https://example.org{url}"}
    api.post_events(build_event("visit", user_id="friend", referrer_id=subject_id, **urls))
    do(api, ask(api, "erase", subject_id=subject_id))
    event = connection.execute(text("SELECT landing_page, referrer_url, user_id FROM attribution_events")).one()
    assert event == ((None, None, "friend") if is_cleared else (*urls.values(), "friend"))


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
    _name_in_leftovers(connection, CHILD)
    connection.execute(text("DELETE FROM batches"))
    connection.execute(text("DELETE FROM job_keys"))
    done = do(api, ask(api, "erase", subject_id=CHILD, note="The mother, by phone from the number on file."))
    assert (done["status"], done["subject_id"]) == ("done", None)
    assert {name: rows for name, rows in done["result"].items() if rows} == {
        "attribution_events": 4,
        "credited_events": 3,
        "attribution_links": 1,
        "study_sessions": 1,
        "parent_shares": 1,
        "progress_reels": 1,
        "report_runs": 1,
        "deliveries": 1,
        "cases": 1,
        "alerts": 1,
    }
    left = dump(connection)
    # Links' ids and audit stay, and so does another id that begins alike.
    for other in (f"link-of-{CHILD}", f"{CHILD}-share", f"{CHILD}7", f"{CHILD}-long"):
        left = left.replace(other, "")
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
    assert subject_id not in dump(connection).replace(f"link-of-{CHILD}", "").replace(f"{CHILD}7", "")


def test_a_report_that_is_being_written_is_written_anew(api: Api, connection: Connection) -> None:
    save_leftovers(connection, CHILD, NOON)
    _name_in_leftovers(connection, CHILD)
    connection.execute(text("UPDATE report_runs SET status = 'running'"))
    do(api, ask(api, "erase", subject_id=CHILD))
    assert connection.execute(text("SELECT content FROM report_runs")).scalar_one() is None


def test_calls_to_take_its_items_down_are_forgotten_once_they_are_made(api: Api, connection: Connection) -> None:
    save_shares(api, build_share("its", {"by": CHILD}), build_share("waiting", {"by": CHILD}), build_share("other", {}))
    for share_id, status in (("its", "sent"), ("waiting", "pending"), ("other", "sent")):
        takedown = Takedown(content_kind="parent_share", content_id=share_id, types=["email"], found_at=NOON)
        request = DeliveryRequest("webhook", [HOOK], is_placeholder=False, requested_by="takedown", takedown=takedown)
        requested = save_request(connection, request, domain=DOMAIN, now=NOON)
        body = text("UPDATE deliveries SET status = :status, content = :body WHERE request_id = :id")
        connection.execute(body, {"status": status, "body": json.dumps({"text": share_id}), "id": requested.request_id})
    do(api, ask(api, "erase", subject_id=CHILD))
    told = text("""
        SELECT takedown ->> 'content_id', content ->> 'text' FROM delivery_requests AS request
            JOIN deliveries ON request_id = request.id ORDER BY request.id
    """)
    assert connection.execute(told).all() == [(None, None), ("waiting", "waiting"), ("other", "other")]


def test_what_was_removed_is_still_counted_but_its_place_names_nobody(api: Api, connection: Connection) -> None:
    save_shares(api, build_share("its", {CHILD: {"email": "a@example.com"}}))
    connection.execute(text("UPDATE violations SET resolution = 'removed'"))
    do(api, ask(api, "erase", subject_id=CHILD))
    [path] = set(connection.execute(text("SELECT split_part(path, '/', 2) FROM violations")).scalars())
    assert path == "erased"


def test_a_request_is_due_after_the_days_that_are_set(api: Api) -> None:
    request = ask(api, "erase", subject_id="x", received_at="2026-01-02T09:00:00Z")
    assert (request["due_at"], request["overdue"], request["status"]) == ("2026-02-01T09:00:00Z", True, "open")
    listed = api.read("/v1/privacy/requests")
    assert (listed["total_requests"], listed["requests"]) == (1, [request])


def test_a_request_is_done_once_and_as_what_it_is(api: Api) -> None:
    api.post_events(build_event(user_id="x"))
    path = f"/v1/privacy/requests/{ask(api, 'export', subject_id='x')['id']}"
    assert api.refuse(409, "POST", f"{path}/erase")["code"] == "other_kind"
    request = ask(api, "erase", subject_id="x")
    do(api, request)
    api.refuse(404, "POST", f"/v1/privacy/requests/{request['id']}/erase")


def test_what_is_no_address_is_refused(api: Api) -> None:
    body = {"kind": "export", "subject_kind": "ip_address", "subject_id": "tablet"}
    problem = api.refuse(422, "POST", "/v1/privacy/requests", json=body)
    assert problem["errors"] == [{"pointer": "/subject_id", "detail": "must be an IPv4 or IPv6 address"}]


def test_the_policy_says_what_is_set(api: Api) -> None:
    rules = api.read("/v1/privacy/policy")["rules"]
    assert {(rule["setting"], rule["kept_days"]) for rule in rules} == {
        ("RETENTION_EVENTS_DAYS", 90),
        ("RETENTION_CONTENT_DAYS", 90),
        ("DELIVERY_PRUNE_DAYS", 7),
        ("RETENTION_AUDIT_DAYS", 730),
        (None, 7),
        (None, 2),
        (None, None),
    }
    said = " ".join(rule["data"] for rule in rules)
    for what in ("alerts", "trust", "requests", "sign-ins", "Staff email addresses"):
        assert what in said


def test_what_somebody_did_is_found_by_an_index(connection: Connection) -> None:
    connection.execute(text("SET enable_seqscan = off"))
    plan = connection.execute(
        text(f"EXPLAIN SELECT FROM attribution_events WHERE {OWN_EVENTS['user']}"), {"id": CHILD}
    ).scalars()
    assert "idx_attribution_events_person_step" in "".join(plan)
    connection.execute(text("RESET enable_seqscan"))


@pytest.mark.parametrize(("kind", "subject_id"), [("user", CHILD), ("session", "session-7")])
def test_an_erasure_looks_before_it_keeps_writers_out(
    api: Api, database: Database, kind: SubjectKind, subject_id: str
) -> None:
    api.post_events(build_event(user_id=CHILD, session_id="session-7"))
    save_shares(api, build_share("its", {"by": subject_id}))
    save(api, "study-sessions", build_session("meeting", CHILD, "friend"))
    with database.write() as erasing, watch_statements(erasing) as statements:
        erased = erase_subject(erasing, [Subject(kind, subject_id)], References("k"), at=NOON)
    assert (erased.rows["attribution_events"], erased.rows["parent_shares"]) == (1, 1)
    sent = [" ".join(statement.split()) for statement, _ in statements.sent]
    locked = next(place for place, statement in enumerate(sent) if "pg_advisory_xact_lock" in statement)
    assert all(" = ANY(" in each for each in sent[locked:] if "strpos(share_data" in each or "participant_ids)" in each)
    assert not any("session_id = %(id)s" in each for each in sent[locked:])
