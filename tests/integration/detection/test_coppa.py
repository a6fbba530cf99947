"""COPPA compliance: what violates, how it is listed, and what resolving, replacing and deleting do to the rates."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.batches.steps import start_due_rescan
from metrics_api.pii_scanner.scanner import SCANNER_VERSION
from tests.support.api_fixtures import Api
from tests.support.content_builders import (
    CONSENT,
    DAY,
    EMAIL,
    HARMLESS,
    PHONE,
    build_media,
    build_reel,
    build_share,
    fetch_counts,
    save_reels,
    save_shares,
)
from viral_contract.models.people import ROLE_SCOPES, Role

ONE_DAY = {"start": DAY, "end": DAY}
VIOLATIONS = "/v1/guardrails/coppa/violations"


def read_coppa(api: Api, **query: Any) -> dict[str, Any]:
    return api.read("/v1/guardrails/coppa", **ONE_DAY, **query)


def read_rate(api: Api) -> float:
    return float(read_coppa(api)["overall_compliance_rate"])


def list_violations(api: Api, **query: Any) -> list[dict[str, Any]]:
    return list(api.read(VIOLATIONS, **ONE_DAY, **query)["violations"])


def find_violation(api: Api, **fields: Any) -> dict[str, Any]:
    """The only violation with these fields."""
    (found,) = [row for row in list_violations(api) if fields.items() <= row.items()]
    return found


def resolve(api: Api, violation: dict[str, Any], resolution: str, note: str | None = None) -> dict[str, Any]:
    path = f"{VIOLATIONS}/{violation['id']}/resolve"
    response = api.send("POST", path, json={"resolution": resolution, "note": note})
    assert response.status_code == 200, response.get_data(as_text=True)
    return dict(response.get_json())


def test_nothing_checked_counts_as_compliant(api: Api) -> None:
    answer = read_coppa(api)
    nothing = {"total_checked": 0, "violations_found": 0, "compliance_rate": 1}
    assert (answer["parent_shares"], answer["progress_reels"]) == (nothing, nothing)
    assert (answer["overall_compliance_rate"], answer["target_rate"], answer["target_met"]) == (1, 0.99, True)


def test_overall_counts_the_items_of_both_kinds_together(api: Api) -> None:
    save_shares(api, build_share("s-1", EMAIL), *(build_share(f"s-{number}") for number in range(2, 9)))
    save_reels(api, build_reel("r-1", PHONE), build_reel("r-2"))
    answer = read_coppa(api)
    assert answer["parent_shares"] == {"total_checked": 8, "violations_found": 1, "compliance_rate": 0.875}
    assert answer["progress_reels"] == {"total_checked": 2, "violations_found": 1, "compliance_rate": 0.5}
    assert (answer["overall_compliance_rate"], answer["target_met"]) == (0.8, False)
    assert answer["open_violations"] == 2


def test_99_of_100_meets_a_target_of_99_percent_and_misses_one_above_it(api: Api) -> None:
    save_shares(api, build_share("s-0", EMAIL), *(build_share(f"s-{number}") for number in range(1, 100)))
    answer = read_coppa(api)
    assert (answer["overall_compliance_rate"], answer["target_met"]) == (0.99, True)
    answer = read_coppa(api, target=0.991)
    assert (answer["target_rate"], answer["target_met"]) == (0.991, False)
    assert answer["thresholds"] == {"coppa_compliance_target": 0.991}
    assert read_coppa(api, coppa_compliance_target=1)["target_met"] is False


@pytest.mark.parametrize(
    ("data", "types"),
    [
        (EMAIL, {"email"}),
        (PHONE, {"phone"}),
        ({"text": "SSN 219-09-9999"}, {"ssn"}),
        ({"text": "pay with 4111 1111 1111 1111"}, {"credit_card"}),
        ({"text": "come to 48 Maple Street"}, {"street_address"}),
        ({"text": "my birthday is March 4, 2014"}, {"date_of_birth"}),
        ({"text": "My name is Lena Hartwell and I go to Maple Grove Elementary School"}, {"person_name"}),
        ({"text": "My name is Lena Hartwell"}, set()),
        ({"text": "we go to Maple Grove Elementary School"}, set()),
        ({"text": "server 192.0.2.44 is down"}, set()),
        ({"password": "s3cret"}, {"sensitive_key"}),
        ({"user": {"fullName": "L"}}, {"sensitive_key"}),
        ({"email": ""}, set()),
        ({"email_verified": True}, set()),
        ({"emailed": "yes"}, set()),
    ],
)
def test_what_violates_and_what_does_not(api: Api, data: dict[str, Any], types: set[str]) -> None:
    save_shares(api, build_share("s", data))
    assert {row["type"] for row in list_violations(api)} == types
    assert read_coppa(api)["parent_shares"]["violations_found"] == bool(types)


def test_media_of_a_child_needs_recorded_consent(api: Api) -> None:
    save_reels(
        api,
        build_reel("none", media=[build_media(consent=CONSENT), build_media("video")]),
        build_reel("given", media=[build_media(consent=CONSENT)]),
        build_reel("nobody", media=[build_media("audio", of_child=False)]),
    )
    (violation,) = list_violations(api)
    assert (violation["content_id"], violation["type"], violation["path"], violation["masked"]) == (
        "none",
        "media_without_consent",
        "/media/1",
        "video",
    )


def test_a_violation_names_place_kind_and_rule_and_never_the_value(api: Api, connection: Connection) -> None:
    save_shares(api, build_share("s", {"notes": ["hi", EMAIL["message"]]}))
    response = api.get(VIOLATIONS, **ONE_DAY)
    (violation,) = response.get_json()["violations"]
    expected = {
        "content_kind": "parent_share",
        "content_id": "s",
        "type": "email",
        "path": "/notes/1",
        "masked": "j***@e***.com",
        "actor": "child",
        "resolution": None,
        "seconds_to_removal": None,
    }
    assert expected.items() <= violation.items()
    assert violation["rule"]
    stored = connection.execute(text("SELECT violations::text FROM violations")).scalar_one()
    assert "john@" not in response.get_data(as_text=True) + stored


def test_the_open_ones_come_first_then_the_newest_items(api: Api) -> None:
    for day in (2, 4, 3):
        save_shares(api, build_share(f"s-{day}", EMAIL, inserted_at=f"2026-03-0{day}T08:00:00Z"))
    period = {"start": "2026-03-01", "end": "2026-03-07"}
    listed = api.read(VIOLATIONS, **period)["violations"]
    assert [row["content_id"] for row in listed] == ["s-4", "s-3", "s-2"]
    resolve(api, listed[0], "removed")
    listed = api.read(VIOLATIONS, **period)["violations"]
    assert [row["content_id"] for row in listed] == ["s-3", "s-2", "s-4"]


def test_pages_hold_every_violation_once_and_totals_are_of_the_whole_period(api: Api) -> None:
    save_shares(api, *(build_share(f"s-{number}", EMAIL) for number in range(7)))
    resolve(api, find_violation(api, content_id="s-3"), "removed")
    seen, cursor = [], None
    while page := api.read(VIOLATIONS, **ONE_DAY, limit=3, **({"cursor": cursor} if cursor else {})):
        seen += [row["content_id"] for row in page["violations"]]
        assert (page["total_violations"], page["totals"]["open"], page["totals"]["removed"]) == (7, 6, 1)
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ["s-6", "s-5", "s-4", "s-2", "s-1", "s-0", "s-3"]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    ("sort", "ascending"), [("status", ["r-1", "s-1", "s-2"]), ("found", ["s-1", "s-2", "r-1"]), ("type", None)]
)
def test_violations_are_sorted_page_by_page(api: Api, sort: str, order: str, ascending: list[str] | None) -> None:
    save_shares(api, build_share("s-1", EMAIL))
    save_shares(api, build_share("s-2", PHONE))
    save_reels(api, build_reel("r-1", EMAIL))
    resolve(api, find_violation(api, content_id="r-1"), "removed")
    wanted = ascending or ["s-1", "r-1", "s-2"]
    names, cursor = [], None
    for _ in wanted:
        page = api.read(VIOLATIONS, **ONE_DAY, limit=1, sort=sort, order=order, cursor=cursor)
        names += [row["content_id"] for row in page["violations"]]
        cursor = page["next_cursor"]
    assert (names, cursor) == (wanted if order == "asc" else wanted[::-1], None)


def test_a_text_finds_violations_by_item_place_rule_and_note(api: Api) -> None:
    save_shares(api, build_share("s-1", EMAIL), build_share("s-2", PHONE))
    resolve(api, find_violation(api, content_id="s-2"), "false_positive", "the 100% school")

    def find(q: str) -> list[str]:
        return [row["content_id"] for row in api.read(VIOLATIONS, **ONE_DAY, q=q)["violations"]]

    assert find("S-1") == find("email") == ["s-1"]
    assert find("100%") == find("phone") == ["s-2"]
    assert find("100_") == []


def test_filters_narrow_the_list_and_not_the_totals(api: Api) -> None:
    save_shares(api, build_share("s-1", EMAIL), build_share("s-2", PHONE, actor="parent"))
    save_reels(api, build_reel("r-1", EMAIL))
    resolve(api, find_violation(api, content_id="r-1"), "false_positive", "a made-up address")
    for query, ids in (
        ({"actor": "parent"}, ["s-2"]),
        ({"type": "email", "content_kind": "parent_share"}, ["s-1"]),
        ({"resolution": "open"}, ["s-2", "s-1"]),
        ({"resolution": "false_positive"}, ["r-1"]),
        ({"resolution": "removed"}, []),
    ):
        answer = api.read(VIOLATIONS, **ONE_DAY, **query)
        assert [row["content_id"] for row in answer["violations"]] == ids
        assert answer["total_violations"] == len(ids)
        assert answer["totals"] == {
            "open": 2,
            "removed": 0,
            "false_positive": 1,
            "by_child": 2,
            "by_parent": 1,
            "by_type": {"email": 2, "phone": 1},
            "median_seconds_to_removal": None,
        }


@pytest.mark.parametrize(
    "query", [{"actor": "teacher"}, {"type": "emails"}, {"resolution": "done"}, {"cursor": "ref_x"}, {"limit": 0}]
)
def test_a_filter_that_makes_no_sense_is_refused(api: Api, query: dict[str, Any]) -> None:
    assert api.refuse(422, "GET", VIOLATIONS, query_string=query)["errors"][0]["pointer"] == f"#{next(iter(query))}"


def test_an_item_complies_when_all_its_violations_are_false_positives(api: Api) -> None:
    save_shares(api, build_share("s", {"a": "write to john@example.com", "b": "text me at 555-123-4567"}))
    resolve(api, find_violation(api, type="email"), "false_positive", "the address of the school's office")
    assert (read_rate(api), read_coppa(api)["open_violations"]) == (0, 1)
    resolve(api, find_violation(api, type="phone"), "false_positive", "a number from a film")
    assert (read_rate(api), read_coppa(api)["open_violations"]) == (1, 0)


def test_what_was_removed_stays_a_violation_of_its_day(api: Api) -> None:
    save_shares(api, build_share("s", EMAIL), build_share("t"))
    resolved = resolve(api, find_violation(api), "removed")
    assert resolved["resolution"] == "removed"
    assert resolved["seconds_to_removal"] > 0
    save_shares(api, build_share("s", HARMLESS))
    assert read_rate(api) == 0.5
    assert api.send("DELETE", "/v1/parent-shares/s").status_code == 204
    assert read_coppa(api)["parent_shares"] == {"total_checked": 2, "violations_found": 1, "compliance_rate": 0.5}
    assert api.read("/v1/guardrails/opt-outs", **ONE_DAY)["parent_shares"]["total"] == 1
    totals = api.read(VIOLATIONS, **ONE_DAY)["totals"]
    assert totals["removed"] == 1
    assert totals["median_seconds_to_removal"] == resolved["seconds_to_removal"]


def test_what_is_posted_again_after_its_removal_is_a_new_finding_beside_the_old_one(api: Api) -> None:
    save_shares(api, build_share("s", EMAIL))
    for removals in (1, 2):
        removed = resolve(api, find_violation(api, resolution=None), "removed")
        save_shares(api, build_share("s", EMAIL, view_count=removals))
        reposted = find_violation(api, resolution=None)
        assert reposted["found_at"] > removed["found_at"]
        assert api.read(VIOLATIONS, **ONE_DAY)["totals"]["removed"] == removals
    api.send("DELETE", "/v1/parent-shares/s")
    assert read_coppa(api)["parent_shares"] == {"total_checked": 1, "violations_found": 1, "compliance_rate": 0}
    assert read_coppa(api)["open_violations"] == 0


def test_an_item_that_is_replaced_by_a_clean_one_complies(api: Api) -> None:
    save_shares(api, build_share("s", EMAIL))
    save_shares(api, build_share("s", HARMLESS))
    assert (read_rate(api), list_violations(api)) == (1, [])


def test_an_item_that_is_deleted_takes_its_open_violations_along(api: Api) -> None:
    save_shares(api, build_share("s", EMAIL))
    api.send("DELETE", "/v1/parent-shares/s")
    assert read_coppa(api)["parent_shares"]["total_checked"] == 0
    assert list_violations(api) == []


def test_a_violation_that_is_still_there_keeps_its_resolution_and_its_finder(api: Api) -> None:
    save_shares(api, build_share("s", EMAIL))
    resolve(api, find_violation(api), "false_positive", "our own address")
    before = find_violation(api)
    save_shares(api, build_share("s", {**EMAIL, "streak": 7, "more": PHONE["message"]}, view_count=5))
    assert find_violation(api, type="email") == before
    assert find_violation(api, type="phone")["resolution"] is None


def test_a_false_positive_is_judged_anew_when_the_value_changes_though_its_sample_looks_the_same(api: Api) -> None:
    save_shares(api, build_share("s", {"message": "my SSN is 219-09-9999", "list": [EMAIL["message"]]}))
    judged = resolve(api, find_violation(api, type="ssn"), "false_positive", "the number of an advertisement")
    resolve(api, find_violation(api, type="email"), "false_positive", "our own address")
    save_shares(api, build_share("s", {"message": "my SSN is 536-22-8726", "list": [EMAIL["message"]]}))
    ssn = find_violation(api, type="ssn")
    assert (ssn["resolution"], ssn["note"], ssn["resolved_by"], ssn["resolved_at"]) == (None, None, None, None)
    assert ssn["found_at"] > judged["found_at"]
    assert find_violation(api, type="email")["resolution"] == "false_positive"
    assert read_rate(api) == 0


def test_media_that_was_judged_is_judged_anew_when_it_is_another_one(api: Api) -> None:
    save_reels(api, build_reel("r", media=[build_media("photo")]))
    resolve(api, find_violation(api), "false_positive", "a drawing")
    save_reels(api, build_reel("r", media=[build_media("photo")], view_count=3))
    assert read_rate(api) == 1
    save_reels(api, build_reel("r", media=[{**build_media("photo"), "consent": None}, build_media("video")]))
    assert find_violation(api, path="/media/0")["resolution"] == "false_positive"
    assert find_violation(api, path="/media/1")["resolution"] is None


def test_violations_move_with_their_item_to_another_day(api: Api) -> None:
    save_shares(api, build_share("s", EMAIL))
    resolve(api, find_violation(api), "removed")
    save_shares(api, build_share("s", HARMLESS, inserted_at="2026-02-01T00:00:00Z"))
    assert (read_rate(api), list_violations(api)) == (1, [])
    moved = api.read("/v1/guardrails/coppa", start="2026-02-01", end="2026-02-01")
    assert moved["parent_shares"] == {"total_checked": 1, "violations_found": 1, "compliance_rate": 0}


def test_a_resolution_is_final(api: Api) -> None:
    save_shares(api, build_share("s", EMAIL))
    violation = find_violation(api)
    resolve(api, violation, "removed")
    path = f"{VIOLATIONS}/{violation['id']}/resolve"
    problem = api.refuse(409, "POST", path, json={"resolution": "false_positive", "note": "changed my mind"})
    assert problem["code"] == "already_resolved"
    assert find_violation(api)["resolution"] == "removed"


@pytest.mark.parametrize("violation_id", [4711, 2**63, 10**30])
def test_an_unknown_violation_is_not_found(api: Api, violation_id: int) -> None:
    problem = api.refuse(404, "POST", f"{VIOLATIONS}/{violation_id}/resolve", json={"resolution": "removed"})
    assert problem["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/resolution"),
        ({"resolution": "ignored"}, "/resolution"),
        ({"resolution": "false_positive"}, "/note"),
        ({"resolution": "false_positive", "note": ""}, "/note"),
        ({"resolution": "false_positive", "note": "  "}, "/note"),
        ({"resolution": "removed", "note": "x" * 1001}, "/note"),
        ({"resolution": "removed", "by": "somebody"}, "/by"),
    ],
)
def test_a_resolution_that_says_too_little_is_refused(api: Api, body: dict[str, Any], pointer: str) -> None:
    save_shares(api, build_share("s", EMAIL))
    problem = api.refuse(422, "POST", f"{VIOLATIONS}/{find_violation(api)['id']}/resolve", json=body)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert find_violation(api)["resolution"] is None


def test_who_resolved_what_and_why_is_audited(api: Api, holder_of: Callable[..., Api], connection: Connection) -> None:
    save_shares(api, build_share("s", EMAIL))
    analyst = holder_of(*ROLE_SCOPES[Role.ANALYST], name="ana@example.com")
    violation = resolve(analyst, find_violation(api), "false_positive", "our own address")
    assert (violation["resolved_by"], violation["note"]) == ("ana@example.com", "our own address")
    entry = connection.execute(text("SELECT * FROM audit_entries WHERE action = 'resolve_violation'")).one()
    assert (entry.actor, entry.subject) == ("ana@example.com", f"violation:{violation['id']}")
    assert entry.details == {
        "resolution": "false_positive",
        "note": "our own address",
        "content_kind": "parent_share",
        "content_id": "s",
    }


def test_viewers_read_violations_but_do_not_resolve_them(api: Api, holder_of: Callable[..., Api]) -> None:
    save_shares(api, build_share("s", EMAIL))
    viewer = holder_of(*ROLE_SCOPES[Role.VIEWER])
    violation = find_violation(viewer)
    problem = viewer.refuse(403, "POST", f"{VIOLATIONS}/{violation['id']}/resolve", json={"resolution": "removed"})
    assert problem["code"] == "missing_scope"


@pytest.mark.parametrize("path", ["coppa", "coppa/violations", "opt-outs", "conversion-anomalies"])
def test_reads_that_show_no_identifier_are_not_audited(api: Api, connection: Connection, path: str) -> None:
    save_shares(api, build_share("s", EMAIL))
    api.read(f"/v1/guardrails/{path}", **ONE_DAY)
    assert connection.execute(text("SELECT count(*) FROM audit_entries")).scalar_one() == 0


def test_missing_compliance_lowers_the_score(api: Api) -> None:
    save_shares(api, build_share("s-0", EMAIL), *(build_share(f"s-{number}") for number in range(1, 10)))
    health = api.read("/v1/guardrails/health", **ONE_DAY)
    assert (health["deductions"]["coppa_violations"], health["health_score"]) == (3.33, 96.7)
    assert health["components"]["coppa"]["overall_compliance_rate"] == 0.9
    assert health["has_data"] is True
    stricter = api.read("/v1/guardrails/health", **ONE_DAY, health_score_coppa_multiplier=10)
    assert stricter["deductions"]["coppa_violations"] == 30


def run_batch(api: Api, kind: str) -> int:
    """How many steps it took."""
    batch = api.send("POST", "/v1/batches", json={"kind": kind}).get_json()
    while batch["status"] != "done":
        batch = api.send("POST", f"/internal/batches/{batch['id']}/step").get_json()
    return int(batch["total_steps"])


def test_a_newer_scanner_finds_anew_and_says_which_version_found_what(api: Api, connection: Connection) -> None:
    save_shares(api, build_share("s", EMAIL), build_share("t", PHONE), build_share("u", PHONE))
    resolve(api, find_violation(api, content_id="u"), "false_positive", "a number from a film")
    # As an older scanner would have left it: it found what is no violation, and missed the phone number of t.
    connection.execute(text("UPDATE parent_shares SET scanner_version = 0, violating = share_id <> 't'"))
    connection.execute(text("UPDATE violations SET scanner_version = 0, found_at = '2026-03-04T13:00:00Z'"))
    connection.execute(text("UPDATE violations SET type = 'ssn' WHERE content_id = 's'"))
    connection.execute(text("DELETE FROM violations WHERE content_id = 't'"))
    run_batch(api, "rebuild_facts")
    assert fetch_counts(connection, "parent_share") == (3, 0, 0, 3, 1)

    assert run_batch(api, "rescan_content") == 1

    found = {row["content_id"]: (row["type"], row["scanner_version"]) for row in list_violations(api)}
    assert found == {"s": ("email", SCANNER_VERSION), "t": ("phone", SCANNER_VERSION), "u": ("phone", 0)}
    assert find_violation(api, content_id="u")["resolution"] == "false_positive"
    assert fetch_counts(connection, "parent_share") == (3, 0, 0, 3, 2)
    versions = connection.execute(text("SELECT DISTINCT scanner_version FROM parent_shares")).scalars().all()
    assert versions == [SCANNER_VERSION]
    assert run_batch(api, "rescan_content") == 0


def test_a_rescan_goes_in_steps_of_500_items_or_of_about_2_mib(api: Api, connection: Connection) -> None:
    save_shares(api, *(build_share(f"s-{number}", {}) for number in range(501)))
    save_reels(api, *(build_reel(f"r-{number}", {"a": "x" * 60_000}) for number in range(40)))
    connection.execute(text("UPDATE parent_shares SET scanner_version = 0"))
    connection.execute(text("UPDATE progress_reels SET scanner_version = 0"))
    assert run_batch(api, "rescan_content") == 2 + 2


def test_a_release_with_a_newer_scanner_plans_the_rescan_once(api: Api, connection: Connection) -> None:
    save_shares(api, build_share("s", EMAIL))
    assert start_due_rescan(connection) is None
    connection.execute(text("UPDATE parent_shares SET scanner_version = 0"))
    started = start_due_rescan(connection)
    assert started is not None
    assert start_due_rescan(connection) == started
