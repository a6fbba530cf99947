"""Cases follow what is erased and exported: what they are about, whom their evidence names, what is at stake."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.context import Context
from metrics_api.db.database import Database
from tests.support.api_fixtures import Api
from tests.support.builders import build_event
from tests.support.case_builders import (
    DEVICE,
    FRAUD,
    NETWORK,
    YESTERDAY,
    evaluate,
    plant_burst,
    plant_network,
    plant_self_referral,
    read_figures,
)
from tests.support.entity_lists import save_entry
from tests.support.privacy_requests import ask, do, erase
from tests.support.purging import NIGHT, OLD, dump, purge, save_case
from viral_contract.models.privacy import SubjectKind


@pytest.fixture
def judged(api: Api, context: Context) -> list[dict[str, Any]]:
    """Cases of every kind, judged fraud."""
    plant_self_referral(api)
    plant_network(api)
    plant_burst(api)
    again = build_event("conversion", at=YESTERDAY, referrer_id="sam", user_id="child-7")
    api.post_events(again, {**again, "event_id": build_event()["event_id"]})
    evaluate(context)
    cases: list[dict[str, Any]] = api.read("/v1/cases")["cases"]
    api.send("POST", "/v1/cases/verdicts", json={"ids": [case["id"] for case in cases], **FRAUD})
    return cases


@pytest.mark.parametrize(("kind", "subject_id"), [("user", "sam"), ("device", DEVICE), ("ip_address", NETWORK)])
def test_a_case_about_the_subject_is_exported_and_erased(
    api: Api,
    connection: Connection,
    context: Context,
    judged: list[dict[str, Any]],
    kind: SubjectKind,
    subject_id: str,
) -> None:
    exported = do(api, ask(api, "export", subject_kind=kind, subject_id=subject_id))["data"]["cases"]
    assert [(case["entity"], case["verdict"]) for case in exported] == [(subject_id, "fraud")]
    assert "child-7" not in str(exported)
    erase(api, connection, kind, subject_id)
    evaluate(context)
    assert len(api.read("/v1/cases", status="decided")["cases"]) == len(judged) - 1
    assert f'"{subject_id}"' not in str(dump(connection))


@pytest.mark.usefixtures("judged")
def test_evidence_about_others_forgets_the_subject(api: Api, connection: Connection, context: Context) -> None:
    def find_case() -> dict[str, Any]:
        (case,) = api.read("/v1/cases", q="sam", status="decided")["cases"]
        return dict(case)

    before = find_case()
    assert "child-7" in str(before["evidence"])
    removed = read_figures(api)["k"]["removed_conversions"]
    erase(api, connection, "user", "child-7")
    after = find_case()
    assert "child-7" not in str(after["evidence"])
    assert [rule["rule"] for rule in after["evidence"]] == [rule["rule"] for rule in before["evidence"]]
    assert (before["stake"]["conversions"], after["stake"]["conversions"]) == (4, 2)
    assert read_figures(api)["k"]["removed_conversions"] == removed - 2
    evaluate(context)
    assert "child-7" not in dump(connection)


def test_a_verdict_outlives_its_evidence_until_it_ends(connection: Connection, database: Database) -> None:
    save_case(connection, "old", OLD)
    connection.execute(text("UPDATE cases SET until = NULL"))
    connection.commit()
    purge(database)
    kept = connection.execute(text("SELECT entity, verdict, rules, conversions, evidence FROM cases")).one()
    assert tuple(kept[:4]) == ("old-accused", "fraud", ["mutual"], 0)
    assert kept.evidence == [{"rule": "mutual", "strength": "flags", "n": 1, "evidence": {}}]
    assert connection.execute(text("SELECT count(*) FROM case_conversions")).scalar_one() == 0
    connection.execute(text("UPDATE cases SET until = :now"), {"now": NIGHT})
    connection.commit()
    purge(database, NIGHT + timedelta(days=1))
    assert connection.execute(text("SELECT count(*) FROM cases")).scalar_one() == 0


@pytest.mark.parametrize(
    ("listed", "kind", "subject_id"),
    [
        ("referrer", "user", "child-7"),
        ("device", "device", "tablet-7"),
        ("network", "ip_address", "203.0.113.77"),
    ],
)
@pytest.mark.parametrize("name", ["deny", "allow"])
def test_nothing_names_the_subject_after_its_entry_on_a_list_is_erased(
    api: Api, connection: Connection, name: str, listed: str, kind: SubjectKind, subject_id: str
) -> None:
    save_entry(api, f"{name}/{listed}", subject_id)
    seen = {"user_id": "child-7", "device_fingerprint": "tablet-7", "ip_address": "203.0.113.77"}
    api.post_events(build_event(at=YESTERDAY, **seen))
    erase(api, connection, kind, subject_id)
    assert api.read("/v1/lists")["entries"] == []
    assert subject_id not in dump(connection)
