"""One performance report, in the same words and figures as its exports."""

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.bars import build_bars
from dashboard.components.card import build_frame, build_hint
from dashboard.components.page_header import build_breadcrumb
from dashboard.components.table import Column, build_table, build_wide_table
from dashboard.components.trend import VERDICTS, build_trend, build_uncompared, format_interval
from dashboard.formats import format_minute
from dashboard.guardrails.health_score import build_status
from dashboard.links import REPORTS_PATH, investigation_path, report_path
from dashboard.reports.run import build_progress, format_reason, is_unfinished
from viral_contract.models.cohort_k import CohortKHeadline
from viral_contract.models.period import Period
from viral_contract.models.reports import Report, ReportFacts
from viral_reports import blocks
from viral_reports.dates import format_day_of_year, format_period
from viral_reports.figures import format_change, format_counted, format_k, format_signed
from viral_reports.page import explain_missing_score, format_k_clean, list_notices
from viral_reports.restated import build_old_and_new, list_reasons
from viral_reports.written import TITLES, WRITERS

EXPORTS = {"pdf": "PDF", "html": "HTML", "csv": "CSV", "json": "JSON"}
_DISCLAIMER = "Figures were captured when the report was generated and don't include events received later."


def build_report(report: Report) -> list[Component]:
    """The header, and what the report says or how far it has come."""
    if report.facts is None or not report.is_written:
        return [build_header(report), _build_run(report)]
    return [
        build_header(report),
        *_build_links(report),
        *[html.P(notice, className="report-empty") for notice in list_notices(report.facts)],
        html.Div(_build_cards(report, report.facts), className="cards"),
        html.P(f"{_DISCLAIMER} {WRITERS[report.written_by or 'rules']}", className="hint disclaimer"),
    ]


def _build_links(report: Report) -> list[Component]:
    """The way to the report that replaces this one, and to the one that it replaces."""
    notes = []
    if report.restated_by:
        notes.append(["Its figures changed later, and it was restated by ", _link(report.restated_by), "."])
    if report.restates:
        notes.append(["It restates ", _link(report.restates), ", whose figures have changed."])
    return [html.P(note, className="report-empty") for note in notes]


def _link(report_id: int) -> Component:
    return dcc.Link(f"report {report_id}", href=report_path(report_id))


def build_header(report: Report) -> Component:
    """The way back, the dates, and the exports of a finished report."""
    way_back = build_breadcrumb(f"Report {report.id}", ("Reports", REPORTS_PATH))
    made = report.finished_at or report.created_at
    when = f"{'generated' if report.finished_at else 'requested'} {format_minute(made)} UTC"
    about = f"{format_period(_period(report))} · {when} · requested by {report.requested_by}"
    heading = html.Div([html.H1(TITLES[report.report_type]), html.P(about, className="summary")])
    return html.Header([way_back, heading, *_build_exports(report)], className="page-header")


def _build_exports(report: Report) -> list[Component]:
    if not report.is_written:
        return []
    links = [
        html.A(
            label,
            href=f"{report_path(report.id)}/export?format={name}",
            className="button",
            **{"data-download": "true"},
        )
        for name, label in EXPORTS.items()
    ]
    return [html.Div(links, className="controls exports", role="group", **{"aria-label": "Export"})]


def _build_run(report: Report) -> Component:
    if is_unfinished(report):
        words = "It starts as soon as a worker is available." if report.status == "queued" else "Generating…"
        body = [build_hint(words), build_progress(report)]
        heading = "Report in progress"
    else:
        body = [html.P("Generate it again from the Reports page.", className="hint")]
        heading = "Report skipped" if report.status == "skipped" else "Report generation failed"
    reason = format_reason(report)
    said = [html.P(reason, className="run-reason")] if reason else []
    return build_frame("message", heading, [*said, *body])


def _period(report: Report) -> Period:
    return Period.between(report.period_start, report.period_end)


def _build_cards(report: Report, facts: ReportFacts) -> list[Component]:
    period = _period(report)
    return [
        *_build_restatement(facts),
        build_frame("report-k", "Honest K" if facts.honest_k else "K-factor", _build_k(facts)),
        build_frame("report-engagement", "Conversions and engagement", [_build_kpis(facts)]),
        build_frame("report-loops", "K clean by loop", _build_loops(facts)),
        build_frame("report-funnel", "Funnel", _build_funnel(facts)),
        build_frame("report-insights", "Insights", [_build_insights(report)]),
        html.Div(
            [
                build_frame("report-recommendations", "Recommendations", [_build_recommendations(report)]),
                build_frame("report-comparison", "Compared with previous period", _build_comparison(facts, period)),
            ],
            className="stack report-side",
        ),
        build_frame("report-referrers", "Top referrers", [_build_referrers(facts, period)]),
        build_frame("report-health", "Health Score", _build_health(facts)),
        build_frame("report-loop-table", "Loop details", _build_loop_table(facts)),
    ]


def _build_restatement(facts: ReportFacts) -> list[Component]:
    if facts.restatement is None:
        return []
    reasons = html.Ul([html.Li(html.P(reason)) for reason in list_reasons(facts.restatement)], className="findings")
    table = build_old_and_new(facts, facts.restatement)
    name, *others = table.columns
    figures = build_wide_table("First report and this report", _columns((name or "Figure", *others)), table.rows)
    return [build_frame("report-restated", "Restated", [reasons, figures])]


def _build_k(facts: ReportFacts) -> list[Component]:
    if facts.honest_k:
        return _build_honest_k(facts, facts.honest_k)
    number = html.Span(blocks.format_k_of(facts).capitalize(), className="k-number")
    if not facts.has_data:
        return [html.P(number, className="k-line"), build_hint("No invites.")]
    # Stable without a percentage says that the two periods are not alike.
    is_compared = facts.is_over and (facts.k_factor_trend, facts.k_factor_change_pct) != ("stable", None)
    change = f"{facts.verdict.capitalize()} {_format_change(facts)}"
    trend = build_trend(facts.verdict, change) if is_compared else build_uncompared()
    chart = html.Div(_build_chart(facts), className="history-chart", **{"aria-hidden": "true"})
    interval = format_interval(facts.current.k_factor_interval)
    sure = f"{VERDICTS[facts.verdict]}; {interval}." if facts.is_over else f"{interval.capitalize()}."
    clean = format_k_clean(facts)
    return [html.P([number, trend], className="k-line"), chart, build_hint(sure), build_hint(clean)]


def _format_change(facts: ReportFacts) -> str:
    return format_signed(facts.change.honest, decimals=2) if facts.change else format_change(facts.k_factor_change_pct)


def _build_honest_k(facts: ReportFacts, honest: CohortKHeadline) -> list[Component]:
    """Cohort K, then K of the period without and with flagged conversions, each with what its change is worth."""
    before = f"from {format_k(honest.previous.k_cohort)}" if honest.previous else ""
    line = html.P(
        [html.Span(format_k(honest.k_cohort), className="k-number"), build_trend(honest.verdict, before)],
        className="k-line",
    )
    weeks = format_period(Period.between(honest.first_day, honest.last_day))
    about = (
        f"New users per user within 28 days · {format_counted(honest.users, 'user')} who signed up {weeks} · "
        f"{format_interval(honest.interval)}"
    )
    _, *readings = blocks.build_k_kpis(facts)
    chart = html.Div(_build_chart(facts), className="history-chart", **{"aria-hidden": "true"})
    return [
        line,
        build_hint(about),
        html.Dl([_build_kpi(kpi) for kpi in readings], className="report-kpis"),
        chart,
        build_hint(f"K-factor by day. {format_k_clean(facts)}"),
    ]


def _build_chart(facts: ReportFacts) -> Component:
    return dmc.AreaChart(
        h=96,
        data=[{"day": format_day_of_year(day.date), "K": round(day.k_factor, 3)} for day in facts.timeline],
        dataKey="day",
        series=[{"name": "K", "color": "accent"}],
        curveType="linear",
        withDots=False,
        gridAxis="none",
        withYAxis=False,
        withXAxis=False,
        fillOpacity=0.08,
    )


def _build_kpis(facts: ReportFacts) -> Component:
    """All figures but K, which has a card of its own."""
    others = blocks.build_kpis(facts)[len(blocks.build_k_kpis(facts)) :]
    return html.Dl([_build_kpi(kpi) for kpi in others], className="report-kpis")


def _build_kpi(kpi: blocks.Kpi) -> Component:
    trend = f"{kpi.trend.capitalize()}: " if kpi.trend else ""
    note = html.Dd(f"{trend}{kpi.note}", className=f"row-note trend-{kpi.trend or 'stable'}")
    return html.Div([html.Dt(kpi.label), html.Dd(kpi.value, className="report-figure"), note])


def _build_loops(facts: ReportFacts) -> list[Component]:
    if not facts.loops:
        return [html.P("No loop activity.", className="nothing")]
    scale = blocks.find_loop_scale(facts)
    return [build_hint("The line marks K = 1"), build_bars(blocks.build_loop_bars(facts), mark=1 / scale)]


def _build_funnel(facts: ReportFacts) -> list[Component]:
    bars = blocks.build_funnel(facts)
    return [build_bars(bars)] if bars else [html.P("No invite clicks.", className="nothing")]


def _build_insights(report: Report) -> Component:
    return html.Ul(
        [
            html.Li([html.P(finding.text), html.P(finding.basis, className="row-note")])
            for finding in blocks.build_findings(report.insights)
        ],
        className="findings",
    )


def _build_recommendations(report: Report) -> Component:
    return html.Ol([html.Li(html.P(text)) for text in report.recommendations], className="findings")


def _build_referrers(facts: ReportFacts, period: Period) -> Component:
    if not facts.top_referrers:
        return html.P("No referrer activity.", className="nothing")
    search = f"?start={period.start}&end={period.end}"
    table = blocks.build_referrer_table(facts)
    rows = [
        (dcc.Link(name, href=investigation_path("referrer", referrer.id, search), className="identifier"), *figures)
        for referrer, (name, *figures) in zip(blocks.rank_referrers(facts), table.rows, strict=True)
    ]
    return build_wide_table("Top referrers", _columns(table.columns), rows)


def _build_comparison(facts: ReportFacts, period: Period) -> list[Component]:
    table = blocks.build_comparison(facts)
    name, *others = table.columns
    hint = f"{format_period(period)} vs. {format_period(period.previous())}"
    return [build_hint(hint), build_wide_table("Comparison", _columns((name or "Metric", *others)), table.rows)]


def _build_health(facts: ReportFacts) -> list[Component]:
    table = blocks.build_deductions(facts)
    before = f"{blocks.format_score_before(facts)} in previous period"
    score = html.Span(blocks.format_score(facts).capitalize(), className="k-number")
    status = [build_status(facts.health_status)] if facts.health_status else []
    missing = explain_missing_score(facts)
    return [
        html.Div([score, *status], className="k-line"),
        *([build_hint(missing)] if missing else []),
        *([build_hint(before)] if facts.is_over else []),
        build_table("Deductions", _columns(table.columns), table.rows),
    ]


def _build_loop_table(facts: ReportFacts) -> list[Component]:
    if not facts.loops:
        return [html.P("No loop activity.", className="nothing")]
    table = blocks.build_loop_table(facts)
    more = [build_hint(table.more)] if table.more else []
    return [build_wide_table("Loops", _columns(table.columns), table.rows), *more]


def _columns(names: tuple[str, ...]) -> tuple[Column, ...]:
    first, *others = names
    return (Column(first), *(Column(name, is_figure=True) for name in others))
