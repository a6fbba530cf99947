"""Privacy: what is kept how long, what was deleted, and what parents have asked for."""

from collections.abc import Callable, Sequence
from typing import Literal

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.table import Column, build_table
from dashboard.formats import format_minute
from viral_contract.models.privacy import (
    PrivacyRequest,
    PrivacyRequestsAnswer,
    PurgeRecord,
    RequestKind,
    RetentionPolicy,
    RetentionRule,
    SubjectKind,
    Trace,
)
from viral_reports.dates import format_day
from viral_reports.figures import format_count, format_counted

# "close" ends a request because nothing is stored; "erase-traces" follows an erasure.
Answering = RequestKind | Literal["close", "erase-traces"]
DoId = Callable[[Answering, int], dict[str, str | int]]
KINDS: dict[RequestKind, str] = {"export": "See what is stored", "erase": "Erase everything"}
SUBJECTS: dict[SubjectKind, str] = {
    "user": "User id",
    "session": "Session id",
    "device": "Device fingerprint",
    "ip_address": "IP address",
}


def build_policy(policy: RetentionPolicy) -> list[Component]:
    """The written policy: what is kept how long, and why."""
    columns = (Column("What"), Column("Kept for", is_figure=True), Column("Why"))
    rows = [(rule.data, _format_kept(rule), rule.purpose) for rule in policy.rules]
    return [
        html.H2("What is kept how long", className="card-heading"),
        build_hint(f"As set on {format_day(policy.effective_on)} (16 CFR 312.10)"),
        build_table("What is kept how long, and why", columns, rows),
        *[html.P(paragraph) for paragraph in policy.paragraphs],
    ]


def _format_kept(rule: RetentionRule) -> str:
    return "Stays" if rule.kept_days is None else format_counted(rule.kept_days, "day")


def build_purges(purges: Sequence[PurgeRecord]) -> list[Component]:
    """What each night deleted."""
    heading = html.H2("What the nights deleted", className="card-heading")
    if not purges:
        return [heading, html.P("No night has passed yet.", className="nothing")]
    columns = (Column("Night"), Column("Kept from"), Column("Rows deleted", is_figure=True), Column("State"))
    return [heading, build_table("Nightly purges, the newest first", columns, [_format_purge(each) for each in purges])]


def _format_purge(purge: PurgeRecord) -> tuple[str, str, str, str]:
    deleted = format_count(sum(purge.deleted.values()))
    state = f"Done {format_minute(purge.finished_at)}" if purge.finished_at else "Under way"
    return format_minute(purge.started_at), format_day(purge.events_from), deleted, state


def build_requests(answer: PrivacyRequestsAnswer, do_id: DoId) -> list[Component]:
    """One entry a request; `do_id` makes the ids of the buttons that answer it."""
    heading = html.H2("Parents' requests", className="card-heading")
    if not answer.requests:
        return [heading, html.P("No parent has asked for anything yet.", className="nothing")]
    return [
        heading,
        build_hint(f"{format_counted(answer.total_requests, 'request')}, the newest first"),
        html.Ul([_build_request(request, do_id) for request in answer.requests], className="violations"),
    ]


def _build_request(request: PrivacyRequest, do_id: DoId) -> Component:
    whom = request.subject_id or "no longer named here"
    received = f"No. {request.id}, came in {format_minute(request.received_at)}, noted by {request.created_by}"
    who = html.Div(
        [
            html.H3(f"{KINDS[request.kind]}: {SUBJECTS[request.subject_kind]} {whom}"),
            html.P(received, className="row-note"),
        ]
    )
    return html.Li(
        [who, _build_state(request), html.Div(request.note or "No note"), *_build_action(request, do_id)],
        className="violation",
    )


def _build_state(request: PrivacyRequest) -> Component:
    if request.done_at:
        found = sum((request.result or {}).values())
        rows = format_counted(found, "record") if found else "nothing was stored"
        return html.Div(f"Done {format_minute(request.done_at)} by {request.done_by}: {rows}")
    due = f"due {format_day(request.due_at.date())}"
    if request.overdue:
        return html.Strong(f"Overdue, was {due}", className="overdue")
    return html.Div(f"Open, {due}")


def _build_action(request: PrivacyRequest, do_id: DoId) -> list[Component]:
    if request.status == "done":
        return _build_traces(request, do_id) if request.traces else _build_again(request, do_id)
    if request.kind == "export":
        label = "Download what is stored"
        hint = "Downloading answers the request. For a week the file can be downloaded again; it is not kept here."
    else:
        label = "Erase everything"
        hint = "It cannot be undone. What others did with this child stays, without the name."
    summary = html.Summary(["Answer", html.Span(f" request {request.id}", className="visually-hidden")])
    close_hint = build_hint("Nothing is stored? Check the id with who asked. If it is right, close the request.")
    buttons = [
        _build_button(label, request, request.kind, do_id),
        close_hint,
        _build_button("Close: nothing is stored", request, "close", do_id),
    ]
    return [html.Details([summary, build_hint(hint), *buttons], className="resolve")]


def _build_traces(request: PrivacyRequest, do_id: DoId) -> list[Component]:
    """What an erasure has left under the devices, sessions and addresses that were used."""
    summary = html.Summary(["What is left", html.Span(f" of request {request.id}", className="visually-hidden")])
    rows = [
        (SUBJECTS[trace.kind], trace.id, format_count(trace.events), _format_others(trace)) for trace in request.traces
    ]
    columns = (Column("Used"), Column("Value"), Column("Events", is_figure=True), Column("Also used by"))
    table = build_table(f"What request {request.id} has left", columns, rows)
    body: list[Component] = [build_hint("Stored under what the erased person used. Listed here for a week."), table]
    if any(trace.kind != "ip_address" and not trace.others for trace in request.traces):
        hint = (
            "Erases the devices and sessions that nobody else has used, and the user agents and metadata of events "
            "that were credited to this person. It cannot be undone. Addresses need a request of their own."
        )
        body += [build_hint(hint), _build_button("Erase devices and sessions", request, "erase-traces", do_id)]
    return [html.Details([summary, *body], className="resolve traces")]


def _format_others(trace: Trace) -> str:
    return format_counted(trace.others, "other person", "other people") if trace.others else "Nobody else"


def _build_again(request: PrivacyRequest, do_id: DoId) -> list[Component]:
    """An export whose file was lost, as long as the request still names whom it is about."""
    if request.subject_id is None:
        return []
    return [html.Div(_build_button("Download again", request, "export", do_id))]


def _build_button(label: str, request: PrivacyRequest, answering: Answering, do_id: DoId) -> Component:
    about = f" about {request.subject_id}" if request.subject_id else f" of request {request.id}"
    whom = html.Span(about, className="visually-hidden")
    return html.Button([label, whom], id=do_id(answering, request.id), className="button")
