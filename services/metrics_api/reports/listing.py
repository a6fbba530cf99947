"""Reads reports: the list, one report, and the state of its run."""

from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.paging import CursorSigner, Page, encode_cursor
from viral_contract.models.recipients import drop_repeated
from viral_contract.models.reports import (
    FinishedReport,
    LoopInReport,
    Report,
    ReportFacts,
    ReportsAnswer,
    ReportSummary,
    ReportType,
)

CURSOR = "reports"
_SUMMARY = """
    SELECT report_runs.id, report_type, period_start, period_end, restates, restated_by,
        CASE WHEN restated_by IS NULL THEN status ELSE 'restated' END AS status, progress_pct, progress_step, attempt,
        max_attempts, last_error, requested_by, created_at, finished_at, recipient_emails,
        CASE WHEN (content #>> '{facts,current,is_partial}')::boolean
                AND (content #>> '{facts,current,active_users}')::bigint = 0
            THEN NULL ELSE (content #>> '{facts,current,k_factor}')::float END AS k_factor,
        content #>> '{facts,k_factor_trend}' AS k_factor_trend,
        coalesce(content #>> '{facts,change,verdict}', content #>> '{facts,k_factor_verdict}') AS k_factor_verdict,
        (content #>> '{facts,honest_k,k_cohort}')::float AS honest_k,
        CASE WHEN (content #>> '{facts,has_data}')::boolean THEN (content #>> '{facts,health_score}')::float END
            AS health_score,
        CASE WHEN NOT (content #>> '{facts,has_data}')::boolean THEN 'no data'
            WHEN content #> '{facts,health_score}' = 'null' THEN 'not known' END AS health_missing,
        delivery_status, delivered_at, mailed_to
"""
# SQL that joins the state of its emails to each run, by the newest delivery to each recipient. A placeholder counts
# only if the recipient has no other delivery; an unconfirmed delivery is open until a person decides.
_OUTCOME = """
    LEFT JOIN LATERAL (
        SELECT CASE
                WHEN count(*) = 0 THEN 'none'
                WHEN bool_or(is_open) THEN 'in_progress'
                WHEN bool_and(status = 'placeholder') THEN 'placeholder'
                WHEN bool_and(status IN ('sent', 'placeholder')) THEN 'sent'
                WHEN bool_or(status = 'sent') THEN 'partial'
                ELSE 'failed'
            END AS delivery_status,
            max(sent_at) AS delivered_at, coalesce(array_agg(recipient ORDER BY id), '{}') AS mailed_to
        FROM (
            SELECT DISTINCT ON (recipient_hash) deliveries.id, recipient, status, sent_at,
                status IN ('pending', 'claimed', 'sending') OR status = 'uncertain' AND discarded_at IS NULL AS is_open
            FROM delivery_requests JOIN deliveries ON request_id = delivery_requests.id
            WHERE delivery_requests.report_id = report_runs.id
            ORDER BY recipient_hash, is_placeholder, deliveries.id DESC
        ) AS newest
    ) AS outcome ON true
"""
RESTATED_BY = """
    LEFT JOIN LATERAL (
        SELECT id AS restated_by FROM report_runs AS later
        WHERE later.restates = report_runs.id AND later.status = 'ready'
    ) AS later ON true
"""
"""SQL that joins the report that replaces a run's, once it is ready."""
_RUNS = f"FROM report_runs {_OUTCOME} {RESTATED_BY}"
_LIST = text(f"""
    {_SUMMARY} {_RUNS} WHERE (CAST(:report_type AS text) IS NULL OR report_type = :report_type)
        AND (CAST(:behind AS bigint) IS NULL OR report_runs.id < :behind)
    ORDER BY report_runs.id DESC LIMIT :fetch
""")
_COUNT = text("""
    SELECT count(*) FROM report_runs WHERE CAST(:report_type AS text) IS NULL OR report_type = :report_type
""")
_ONE = text(f"{_SUMMARY}, content {_RUNS} WHERE report_runs.id = :run_id")
_STATUS = text("SELECT status FROM report_runs WHERE id = :run_id")


def fetch_reports(
    connection: Connection, report_type: ReportType | None, page: Page, signer: CursorSigner
) -> ReportsAnswer:
    """Reports of one type or all, newest first."""
    behind = int(page.after[0]) if page.after else None
    values = {"report_type": report_type, "fetch": page.fetch, "behind": behind}
    rows = connection.execute(_LIST, values).all()
    shown, last = page.split(rows)
    return ReportsAnswer(
        reports=[ReportSummary(**_summarise(row)) for row in shown],
        total_reports=connection.execute(_COUNT, {"report_type": report_type}).scalar_one(),
        next_cursor=last and encode_cursor(signer, CURSOR, (last.id,)),
    )


def fetch_report(connection: Connection, run_id: int) -> Report | None:
    """One report with its content, or None if there is no such run."""
    row = connection.execute(_ONE, {"run_id": run_id}).one_or_none()
    if row is None:
        return None
    said = _format_content(row.content) if row.status in ("ready", "restated") else {}
    recipients = drop_repeated([*row.recipient_emails, *row.mailed_to])
    return Report(**_summarise(row), **said, delivered_at=row.delivered_at, recipient_emails=recipients)


def fetch_status(connection: Connection, run_id: int) -> str | None:
    """The state of a run, or None if there is no such run."""
    status: str | None = connection.execute(_STATUS, {"run_id": run_id}).scalar_one_or_none()
    return status


def _summarise(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in ReportSummary.model_fields}


def _format_content(content: dict[str, Any]) -> dict[str, Any]:
    """The fields of requirement R1, from the report's snapshot."""
    facts = ReportFacts.model_validate(content["facts"])
    written = FinishedReport.model_validate({**content, "html": ""})
    before = {loop.source: loop.k_factor for loop in facts.previous_loops}
    return {
        "k_factor_change_pct": facts.k_factor_change_pct,
        "total_conversions": facts.current.total_conversions,
        "conversion_rate": facts.current.conversion_rate,
        "conversion_trend": facts.conversion_trend,
        "active_users": facts.current.active_users,
        "viral_links_created": facts.current.viral_links_created,
        "viral_links_clicked": facts.current.viral_links_clicked,
        "loop_performance": {
            loop.source: LoopInReport(
                **loop.model_dump(),
                previous_k_factor=before.get(loop.source),
                under_review=loop.is_under_review,
            )
            for loop in facts.loops
        },
        "top_referrers": facts.top_referrers,
        "insights": written.insights,
        "recommendations": written.recommendations,
        "written_by": written.written_by,
        "compliance_rate": facts.compliance_rate,
        "fraud_flags": facts.fraud_flags,
        "facts": facts,
    }
