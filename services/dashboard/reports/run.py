"""The state of a report's run: waiting, at work, done, or failed and why."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.bars import build_meter
from viral_contract.models.reports import ReportSummary


def is_unfinished(run: ReportSummary) -> bool:
    """Whether the run still changes by itself."""
    return run.status in ("queued", "running")


def build_state(run: ReportSummary) -> Component:
    """The state as dot and word, with what there is to say about it."""
    dot = html.Span(className="dot", **{"aria-hidden": "true"})
    parts: list[Component] = [html.Span([dot, run.status.capitalize()], className=f"run run-{run.status}")]
    if is_unfinished(run):
        parts.append(build_progress(run))
    reason = format_reason(run)
    if reason:
        parts.append(html.Span(reason, className="row-note"))
    return html.Div(parts, className="run-state")


def build_progress(run: ReportSummary) -> Component:
    """How far the run has come, as a bar and in words."""
    words = f"{run.progress_pct}%" + (f" · {run.progress_step}" if run.progress_step else "")
    return html.Span(
        [build_meter(run.progress_pct / 100), html.Span(words, className="row-note")], className="run-progress"
    )


def format_reason(run: ReportSummary) -> str:
    """Why the run failed or is tried again, and how often it was tried; empty where all goes well."""
    tried = f"attempt {run.attempt} of {run.max_attempts}"
    if run.status == "failed":
        return f"{run.last_error or 'Unknown error'} ({tried})"
    if run.status == "skipped":
        return run.last_error or "No longer needed"
    if is_unfinished(run) and run.last_error:
        return f"Retrying after error: {run.last_error} ({tried})"
    return ""
