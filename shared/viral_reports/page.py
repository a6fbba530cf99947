"""The layout of a report: every text and share of web page and PDF, in order."""

from dataclasses import dataclass
from typing import Literal

from viral_contract.models.guardrails import HealthStatus
from viral_contract.models.period import Period
from viral_contract.models.reports import ReportFacts
from viral_reports.blocks import (
    Bar,
    Finding,
    Kpi,
    Table,
    build_comparison,
    build_deductions,
    build_findings,
    build_funnel,
    build_kpis,
    build_loop_bars,
    build_loop_table,
    build_referrer_table,
    find_loop_scale,
    format_score,
)
from viral_reports.figures import format_k, format_moment, format_period
from viral_reports.k_chart import draw_k_chart
from viral_reports.restated import build_old_and_new, format_restated_by, format_restates, list_reasons
from viral_reports.written import TITLES, WRITERS, WrittenReport, facts_of


@dataclass(frozen=True)
class Page:
    """The content of a report's page."""

    number: int
    title: str
    period: str
    compared_with: str
    made: str
    has_data: bool
    notices: list[str]
    reasons: list[str]
    old_and_new: Table | None
    kpis: list[Kpi]
    findings: list[Finding]
    recommendations: list[str]
    k_chart: str
    k_clean: str
    funnel: list[Bar]
    loop_bars: list[Bar]
    viral_at: float
    loops: Table
    referrers: Table
    comparison: Table
    health_score: str
    health_status: HealthStatus | Literal[""]
    health_note: str
    deductions: Table
    writer: str


def build_page(report: WrittenReport) -> Page:
    """Lay a report out. Raises NotWrittenError while it is not ready."""
    facts = facts_of(report)
    period = Period.between(facts.period_start, facts.period_end)
    return Page(
        number=report.id,
        title=TITLES[facts.report_type],
        period=format_period(period),
        compared_with=format_period(period.previous()),
        made=format_moment(facts.snapshot_at),
        has_data=facts.has_data,
        notices=[*_note_restatement(report, facts), *list_notices(facts)],
        reasons=list_reasons(facts.restatement) if facts.restatement else [],
        old_and_new=build_old_and_new(facts, facts.restatement) if facts.restatement else None,
        kpis=build_kpis(facts),
        findings=build_findings(report.insights),
        recommendations=list(report.recommendations),
        k_chart=draw_k_chart(facts.timeline),
        k_clean=format_k_clean(facts),
        funnel=build_funnel(facts),
        loop_bars=build_loop_bars(facts),
        viral_at=1 / find_loop_scale(facts),
        loops=build_loop_table(facts),
        referrers=build_referrer_table(facts),
        comparison=build_comparison(facts),
        health_score=format_score(facts),
        health_status=facts.health_status or "",
        health_note=explain_missing_score(facts),
        deductions=build_deductions(facts),
        writer=WRITERS[report.written_by or "rules"],
    )


def _note_restatement(report: WrittenReport, facts: ReportFacts) -> list[str]:
    return [
        *([format_restated_by(report.restated_by)] if report.restated_by else []),
        *([format_restates(facts.restatement)] if facts.restatement else []),
    ]


def list_notices(facts: ReportFacts) -> list[str]:
    """What a reader must know before any figure."""
    notices = []
    if not facts.has_data:
        notices.append(
            "No data in this period. The figures below are zero because nothing was recorded, "
            "not because nothing worked."
        )
    if not facts.is_over:
        notices.append(
            f"This period is still in progress. Figures are as of {format_moment(facts.snapshot_at)} and not final, "
            "so nothing is compared with the previous period."
        )
    return notices


def explain_missing_score(facts: ReportFacts) -> str:
    """Why there is no health score; empty if there is one."""
    if facts.health_score is not None:
        return ""
    if not facts.has_data:
        return "No data: nothing was checked, so there is no score."
    return "Not available: only totals are kept for some dates in this period, not what was flagged."


def format_k_clean(facts: ReportFacts) -> str:
    """K without flagged traffic."""
    if facts.current.is_partial:
        return "Flagged traffic is known only for the dates with full data."
    clean, shown = format_k(facts.k_factor_clean), format_k(facts.current.k_factor)
    if clean == shown:
        return "No conversions come from flagged traffic."
    return f"Excluding flagged conversions, K is {clean} instead of {shown}."
