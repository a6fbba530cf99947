"""A text that takes too long to scan holds up nobody, and counts as a violation until it is scanned."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert, text

from metrics_api.access.secrets import create_secret, hash_secret
from metrics_api.batches.steps import start_due_scans
from metrics_api.db.database import Database
from metrics_api.db.tables import tokens
from metrics_api.pii_scanner.budget import BudgetExceededError, limit_scan
from metrics_api.pii_scanner.scanner import SCANNER_VERSION
from tests.support.api_fixtures import Api, build_app
from tests.support.us_scanner import scan_text
from viral_contract.models.people import Scope

SHARES = "/v1/parent-shares"
VIOLATIONS = "/v1/guardrails/coppa/violations"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EMAIL = {"message": "write to john@example.com"}
CLEAN = {"message": "I finished level 7 today!"}


WORST = {
    "dashes before a school": ("A-" * 32_760)[:65_500] + " School",
    "numbers": "1 " * 32_000,
    "names": "my name is Aa " * 4_600,
    "streets": "1 Main St " * 6_500,
    "marks": "e\u0301" * 20_000,
}


@pytest.fixture
def hasty(database_url: str, redis_url: str, connection: Connection) -> Iterator[Api]:
    """A caller of an application that has next to no time for scanning."""
    token = create_secret()
    connection.execute(insert(tokens).values(name="a test", token_hash=hash_secret(token), scopes=list(Scope)))
    app = build_app(database_url=database_url, redis_url=redis_url, pii_scan_seconds=1e-9)
    yield Api(app, token)
    app.extensions["context"].database.close()


def save(api: Api, share_id: str, data: dict[str, Any], **more: Any) -> None:
    body = {"share_data": data, "view_count": 1, "inserted_at": "2026-03-02T09:00:00Z", **more}
    assert api.send("PUT", f"{SHARES}/{share_id}", json=body).status_code in (200, 201)


def list_types(api: Api, **wanted: str) -> list[str]:
    listed = api.read(VIOLATIONS, start="2026-03-02", end="2026-03-02", **wanted)["violations"]
    return sorted(violation["type"] for violation in listed)


def read_coppa(api: Api) -> dict[str, Any]:
    return api.read("/v1/guardrails/coppa", start="2026-03-02", end="2026-03-02")


def finish_scans(api: Api, database: Database, connection: Connection) -> str:
    """Let the reconciler start the batch and a worker step it to its end."""
    with database.write() as writing:
        start_due_scans(writing)
    found = text("SELECT max(id) FROM batches WHERE kind = 'finish_scans'")
    batch_id = connection.execute(found).scalar_one()
    status = "queued"
    while status in ("queued", "running"):
        status = api.send("POST", f"/internal/batches/{batch_id}/step").get_json()["status"]
    return status


def fetch_version(connection: Connection) -> int:
    return int(connection.execute(text("SELECT scanner_version FROM parent_shares WHERE share_id = 's'")).scalar_one())


def test_what_takes_too_long_is_shown_and_counts_as_a_violation_until_it_is_scanned(
    api: Api, hasty: Api, database: Database, connection: Connection
) -> None:
    save(hasty, "s", CLEAN)
    save(api, "t", CLEAN)
    assert list_types(api) == list_types(api, type="not_scanned") == ["not_scanned"]
    coppa = read_coppa(api)
    assert (coppa["not_scanned"], coppa["open_violations"], coppa["overall_compliance_rate"]) == (1, 1, 0.5)
    assert finish_scans(api, database, connection) == "done"
    assert list_types(api) == []
    coppa = read_coppa(api)
    assert (coppa["not_scanned"], coppa["open_violations"], coppa["overall_compliance_rate"]) == (0, 0, 1)
    assert fetch_version(connection) == SCANNER_VERSION


def test_the_longer_scan_finds_what_there_is(api: Api, hasty: Api, database: Database, connection: Connection) -> None:
    save(hasty, "s", EMAIL, actor="parent", media=[{"kind": "photo", "of_child": True}])
    assert list_types(api, actor="parent") == ["media_without_consent", "not_scanned"]
    finish_scans(api, database, connection)
    assert list_types(api, actor="parent") == ["email", "media_without_consent"]


def test_what_takes_longer_still_stays_not_scanned_and_is_not_tried_again_and_again(
    api: Api, hasty: Api, database: Database, connection: Connection
) -> None:
    save(hasty, "s", {"message": "4111 1111 1111 1111 " * 3_200})
    assert finish_scans(hasty, database, connection) == "done"
    assert list_types(api) == ["not_scanned"]
    assert fetch_version(connection) == SCANNER_VERSION
    with database.write() as writing:
        start_due_scans(writing)
    assert connection.execute(text("SELECT count(*) FROM batches")).scalar_one() == 1
    save(api, "s", CLEAN)
    assert list_types(api) == []


def test_a_write_that_is_not_scanned_forgets_nothing_that_was_known(api: Api, hasty: Api) -> None:
    save(api, "s", EMAIL)
    save(hasty, "s", EMAIL)
    assert list_types(api) == ["email", "not_scanned"]


def test_a_person_may_judge_what_is_not_scanned(api: Api, hasty: Api) -> None:
    save(hasty, "s", CLEAN)
    (violation,) = api.read(VIOLATIONS, start="2026-03-02", end="2026-03-02")["violations"]
    body = {"resolution": "false_positive", "note": "read it myself"}
    assert api.send("POST", f"{VIOLATIONS}/{violation['id']}/resolve", json=body).status_code == 200
    assert read_coppa(api)["overall_compliance_rate"] == 1
    save(hasty, "s", {"message": "something else"})
    assert read_coppa(api)["overall_compliance_rate"] == 0


def test_an_item_replaced_while_it_is_scanned_again_is_not_judged_by_its_old_text(
    api: Api, hasty: Api, database: Database, connection: Connection
) -> None:
    save(hasty, "s", CLEAN)
    with database.write() as writing:
        start_due_scans(writing)
    save(hasty, "s", EMAIL)
    assert finish_scans(api, database, connection) == "done"
    assert list_types(api) == ["email"]


def test_a_newer_scanner_gives_up_on_what_takes_too_long(
    api: Api, hasty: Api, database: Database, connection: Connection
) -> None:
    save(api, "s", EMAIL)
    connection.execute(text("UPDATE parent_shares SET scanner_version = 0"))
    batch = hasty.send("POST", "/v1/batches", json={"kind": "rescan_content"}).get_json()
    assert hasty.send("POST", f"/internal/batches/{batch['id']}/step").get_json()["status"] == "done"
    assert list_types(api) == ["email", "not_scanned"]
    finish_scans(api, database, connection)
    assert list_types(api) == ["email"]


def test_the_batch_of_items_has_a_budget_together(hasty: Api, api: Api) -> None:
    items = [
        {"id": f"s{n}", "share_data": EMAIL, "view_count": 1, "inserted_at": "2026-03-02T09:00:00Z"} for n in (1, 2)
    ]
    assert hasty.send("POST", SHARES, json={"items": items}).get_json() == {"created": 2, "replaced": 0}
    assert list_types(api) == ["not_scanned", "not_scanned"]


def test_a_scan_on_request_says_that_it_takes_too_long(hasty: Api) -> None:
    for body in ({"text": "write to john@example.com"}, {"data": EMAIL}):
        problem = hasty.refuse(422, "POST", "/v1/pii/scan", json=body)
        assert problem["code"] == "not_scanned"
        assert "Send it in smaller parts" in problem["detail"]


@pytest.mark.parametrize("worst", list(WORST.values()), ids=list(WORST))
def test_no_text_takes_more_than_its_budget_by_much(worst: str) -> None:
    started = time.thread_time()
    try:
        with limit_scan(0.2):
            scan_text(worst)
    except BudgetExceededError:
        pass
    assert time.thread_time() - started < 1


def test_scans_beside_a_limited_one_are_not_limited() -> None:
    with pytest.raises(BudgetExceededError), limit_scan(1e-9):
        scan_text("write to john@example.com")
    assert [finding.type for finding in scan_text("write to john@example.com")] == ["email"]
