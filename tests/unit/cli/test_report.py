"""`viral-engine report`: its options, and reports as text."""

import pytest
from click.testing import CliRunner

from report_worker.insights import write_insights
from report_worker.recommendations import write_recommendations
from tests.support.report_facts import SNAPSHOT_AT, build_empty_facts, build_facts
from viral_cli import main
from viral_cli.report import format_list, format_report
from viral_contract.models.reports import Report, ReportFacts, ReportsAnswer


def build_report(facts: ReportFacts | None, **fields: object) -> Report:
    values = {
        "id": 12,
        "report_type": "weekly",
        "period_start": "2026-03-02",
        "period_end": "2026-03-08",
        "status": "ready",
        "progress_pct": 100,
        "progress_step": "ready",
        "attempt": 1,
        "max_attempts": 3,
        "last_error": None,
        "requested_by": "a test",
        "created_at": SNAPSHOT_AT,
        "finished_at": SNAPSHOT_AT,
        "k_factor": facts and facts.current.k_factor,
        "k_factor_trend": facts and facts.k_factor_trend,
        "health_score": facts and facts.health_score,
        "delivery_status": "none",
        "facts": facts,
        "insights": write_insights(facts) if facts else [],
        "recommendations": write_recommendations(facts) if facts else [],
    }
    return Report.model_validate(values | fields)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--type", "daily"], "'daily' is not one of"),
        (["--type", "weekly", "--from", "2026-03-01"], "--from and --to are for custom reports only"),
        (["--type", "custom"], "a custom report needs --from and --to"),
        (["--type", "custom", "--from", "2026-03-02", "--to", "2026-03-01"], "must have 1 to 366 days"),
        (["--type", "custom", "--from", "yesterday", "--to", "2026-03-01"], "does not match the format"),
    ],
)
def test_refuses_before_asking_the_api(options: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["report", "generate", *options])
    assert result.exit_code == 2
    assert said in result.output


def test_shows_figures_insights_and_recommendations() -> None:
    text = format_report(build_report(build_facts()))
    assert text.startswith("Report 12: weekly, 2–8 March 2026")
    assert "K-factor          0.74 (up, +35.3%)" in text
    assert "  - Buddy challenge is the strongest loop" in text
    assert "  1. K is close to 1.0" in text


def test_shows_a_report_without_data() -> None:
    assert "No data: nothing was recorded" in format_report(build_report(build_empty_facts()))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "running", "progress_step": "writing insights"}, "running: writing insights"),
        ({"status": "failed", "last_error": "out of memory"}, "failed: out of memory"),
    ],
)
def test_shows_how_far_an_unfinished_report_has_come(fields: dict[str, object], said: str) -> None:
    assert said in format_report(build_report(None, **fields))


def test_lists_reports_in_columns() -> None:
    reports = [build_report(build_facts()), build_report(None, id=3, status="queued")]
    lines = format_list(ReportsAnswer(reports=reports, total_reports=40, next_cursor="x")).splitlines()
    assert lines[0].split() == ["ID", "TYPE", "PERIOD", "STATUS", "K", "HEALTH"]
    assert lines[1].split() == ["12", "weekly", "2–8", "March", "2026", "ready", "0.74", "92.0"]
    assert lines[2].endswith("queued")
    assert lines[3] == "(40 total)"
