"""A report as CSV with one figure per row; spreadsheets display its texts correctly and never run them as formulas."""

import csv
import io
from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from viral_contract.models.reports import ReportFacts
from viral_reports.bidirectional import isolate
from viral_reports.written import WrittenReport, facts_of

BYTE_ORDER_MARK = "\ufeff"
"""Marks a file as UTF-8 at its start."""
# Starts of a formula for spreadsheets, in ASCII and in the full-width forms of East Asian keyboards.
_FORMULA_STARTS = tuple("=+-@＝＋－＠")
_BLANK_STARTS = ("\t", "\r", "\n")
_COLUMNS = ("section", "item", "metric", "value")
_PERIOD = ("report_type", "period_start", "period_end", "snapshot_at")
_SUMMARY = (
    "k_factor_clean",
    "k_factor_trend",
    "k_factor_change_pct",
    "k_factor_verdict",
    "conversion_trend",
    "conversion_change_pct",
    "conversion_verdict",
    "health_score",
    "health_status",
    "health_basis",
    "previous_health_score",
    "compliance_rate",
    "flagged_ips",
    "flagged_devices",
)
_INTERVALS = ("k_factor_interval", "conversion_rate_interval")

Row = tuple[str, str, str, object]


def neutralise(value: object) -> object:
    """The value, with an apostrophe before a text that starts like a formula; a number stays a number.

    Leading white space counts too, because some spreadsheets drop it when they open a file. Direction controls in a
    text stay within its cell.
    """
    if not isinstance(value, str):
        return value
    is_formula = value[:1] in _BLANK_STARTS or value.lstrip().startswith(_FORMULA_STARTS)
    return isolate("'" + value if is_formula else value)


def format_lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows as lines of a file that a spreadsheet opens without running anything.

    Every cell is quoted, so that none falls apart where a semicolon separates.
    """
    lines = io.StringIO()
    csv.writer(lines, quoting=csv.QUOTE_ALL).writerows([neutralise(value) for value in row] for row in rows)
    return lines.getvalue()


def render_csv(report: WrittenReport) -> str:
    """The report as CSV with the columns section, item, metric, value. Raises NotWrittenError while it is not ready.

    It starts with a byte order mark, without which spreadsheets misread é. Rates are fractions. Texts that a
    spreadsheet would run as a formula start with an apostrophe.
    """
    facts = facts_of(report)
    output = io.StringIO(BYTE_ORDER_MARK)
    output.seek(0, io.SEEK_END)
    writer = csv.writer(output)
    writer.writerow(_COLUMNS)
    for row in (*_list_facts(facts), *_list_restatement(report, facts), *_list_words(report)):
        writer.writerow([neutralise(value) for value in row])
    return output.getvalue()


def _list_facts(facts: ReportFacts) -> Iterator[Row]:
    yield from _list_fields("report", "", facts, _PERIOD)
    yield from _list_fields("current", "", facts.current, without=_INTERVALS)
    yield from _list_fields("previous", "", facts.previous, without=_INTERVALS)
    yield from _list_fields("summary", "", facts, _SUMMARY)
    yield from _list_honest(facts)
    for name, points in facts.deductions.items():
        yield ("deduction", name, "points", points)
    for loop in facts.loops:
        yield from _list_fields("loop", loop.source, loop, without=("source", *_INTERVALS))
    for referrer in facts.top_referrers:
        yield from _list_fields("referrer", referrer.id, referrer, without=("id",))
    for step in facts.funnel:
        yield from _list_fields("funnel", step.name, step, without=("name",))
    for day in facts.timeline:
        yield from _list_fields("day", day.date.isoformat(), day, without=("date",))


def _list_honest(facts: ReportFacts) -> Iterator[Row]:
    if facts.honest_k:
        yield from _list_fields("honest_k", "", facts.honest_k, without=("interval", "previous"))
    if facts.change:
        yield from _list_fields("change", "", facts.change, without=("by_factor", "by_loop", "culprits"))
        for culprit in facts.change.culprits:
            yield ("culprit", culprit.referrer_id, "flagged_conversions", culprit.conversions)


def _list_restatement(report: WrittenReport, facts: ReportFacts) -> Iterator[Row]:
    if report.restated_by:
        yield ("report", "", "restated_by", report.restated_by)
    if facts.restatement:
        yield from _list_fields("restatement", "", facts.restatement, without=("figures", "cases"))
        yield from _list_fields("first_report", "", facts.restatement.figures)
        for case in facts.restatement.cases:
            yield from _list_fields("restating_case", str(case.case_id), case, ("kind", "change", "conversions"))
            yield ("restating_case", str(case.case_id), "rules", ", ".join(case.rules))


def _list_words(report: WrittenReport) -> Iterator[Row]:
    for insight in report.insights:
        yield from _list_fields("insight", insight.rule, insight, without=("rule",))
    for number, text in enumerate(report.recommendations, start=1):
        yield ("recommendation", str(number), "text", text)
    yield ("report", "", "written_by", report.written_by)


def _list_fields(
    section: str, item: str, model: BaseModel, names: Iterable[str] | None = None, *, without: tuple[str, ...] = ()
) -> Iterator[Row]:
    values = model.model_dump(mode="json")
    for name in names or [name for name in values if name not in without]:
        yield (section, item, name, values[name])
