"""The referrers whom a report names as credited with flagged conversions."""

import json

from sqlalchemy import Connection, text

from metrics_api.privacy.report_names import forget_referrers, forget_subject_in_reports
from tests.support.delivery_rows import save_ready_report
from tests.support.report_facts import build_attacked_facts

NAMING = "Flagged conversions are credited to eve (150), mallory (40) and 1 other."


def test_a_culprit_is_removed_from_the_facts_and_from_what_is_said() -> None:
    facts = build_attacked_facts(top_referrers=[]).model_dump(mode="json")
    insights = [{"rule": "clean_growth", "text": NAMING}]
    kept = forget_referrers({"facts": facts, "insights": insights, "recommendations": ["Go on."]}, {"eve"})
    assert [culprit["referrer_id"] for culprit in kept["facts"]["change"]["culprits"]] == ["mallory"]
    assert (kept["insights"], kept["recommendations"]) == ([], ["Go on."])


def test_a_subject_who_is_only_a_culprit_is_found_and_forgotten(connection: Connection) -> None:
    run_id = save_ready_report(connection)
    facts = build_attacked_facts(top_referrers=[]).model_dump(mode="json")
    content = {"facts": facts, "insights": [], "recommendations": [], "written_by": "rules"}
    save = text("UPDATE report_runs SET content = CAST(:content AS jsonb) WHERE id = :id")
    connection.execute(save, {"content": json.dumps(content), "id": run_id})
    assert forget_subject_in_reports(connection, "eve")["report_runs"] == 1
    assert forget_subject_in_reports(connection, "eve")["report_runs"] == 0
