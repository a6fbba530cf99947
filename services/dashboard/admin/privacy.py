"""Privacy: how long data is kept, for everybody; what was deleted and what parents have asked for, for admins."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import dash_mantine_components as dmc
from dash import html, no_update
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.controls import build_folded, build_select
from dashboard.components.table import Column, build_table
from dashboard.formats import format_minute
from dashboard.links import PRIVACY_PATH
from dashboard.lists.page import build_button, build_page, build_save
from dashboard.lists.view import Done, Drawn, Form, ListPage, RefusedError, Wanted, build_next, build_rows, check
from dashboard.session import current_viewer
from viral_contract.client.metrics_api import ApiUnreachableError, MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.privacy import (
    PrivacyRequest,
    PrivacyRequestDraft,
    PurgeRecord,
    RequestKind,
    RetentionPolicy,
    RetentionRule,
    SubjectKind,
    Trace,
)
from viral_reports.dates import format_day
from viral_reports.figures import format_count, format_counted

ROWS = 50
_SLUG = "privacy"
# "close" ends a request because nothing is stored; "erase-traces" follows an erasure.
Answering = RequestKind | Literal["close", "erase-traces"]
KINDS: dict[RequestKind, str] = {"export": "Export data", "erase": "Erase data"}
SUBJECTS: dict[SubjectKind, str] = {
    "user": "User ID",
    "session": "Session ID",
    "device": "Device fingerprint",
    "ip_address": "IP address",
}
_NO_DATA = (
    "no data is stored under this ID, so the request stays open. Check the ID; if it was mistyped, record the request "
    "again and close this one"
)
_UNKNOWN = (
    "the metrics API is not responding. If it received the request, it will finish: check here in a few minutes "
    "whether the request is done before you answer it again"
)


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """The policy; for admins requests and deletions, too."""
    policy = {"policy": _build_policy(api.fetch_policy())}
    if not current_viewer().may(Scope.ADMIN):
        return policy
    purges = api.fetch_purges().purges
    return {**policy, "requests": _build_requests(api, wanted), "purges": _build_purges(purges)}


def _build_policy(policy: RetentionPolicy) -> list[Component]:
    columns = (Column("Data"), Column("Kept for", is_figure=True), Column("Purpose"))
    rows = [(rule.data, _format_kept(rule), rule.purpose) for rule in policy.rules]
    return [
        build_hint(f"Effective {format_day(policy.effective_on)} (16 CFR 312.10)"),
        build_table("How long data is kept, and why", columns, rows),
        *[html.P(paragraph) for paragraph in policy.paragraphs],
    ]


def _format_kept(rule: RetentionRule) -> str:
    return "Indefinitely" if rule.kept_days is None else format_counted(rule.kept_days, "day")


def _build_purges(purges: Sequence[PurgeRecord]) -> list[Component]:
    if not purges:
        return [html.P("Nothing deleted yet", className="nothing")]
    columns = (Column("Night"), Column("Kept from"), Column("Rows deleted", is_figure=True), Column("Status"))
    return [build_table("Nightly deletions, newest first", columns, [_format_purge(each) for each in purges])]


def _format_purge(purge: PurgeRecord) -> tuple[str, str, str, str]:
    deleted = format_count(sum(purge.deleted.values()))
    state = f"Done {format_minute(purge.finished_at)}" if purge.finished_at else "In progress"
    return format_minute(purge.started_at), format_day(purge.events_from), deleted, state


def _build_requests(api: MetricsApi, wanted: Wanted) -> list[Component]:
    answer = api.fetch_privacy_requests(limit=ROWS, cursor=wanted.get("cursor"))
    about = f"{format_counted(answer.total_requests, 'request')}, newest first"
    more = build_next(PRIVACY_PATH, wanted, answer.next_cursor, f"{ROWS} requests")
    return build_rows(about, [build_request(request) for request in answer.requests], more, "No requests yet")


def build_request(request: PrivacyRequest) -> Component:
    """What was asked for, by which date, and how it can be answered."""
    subject = request.subject_id or "no longer shown"
    received = f"No. {request.id}, received {format_minute(request.received_at)}, recorded by {request.created_by}"
    who = html.Div(
        [
            html.H3(f"{KINDS[request.kind]}: {SUBJECTS[request.subject_kind]} {subject}"),
            html.P(received, className="row-note"),
        ]
    )
    return html.Li(
        [who, _build_state(request), html.Div(request.note or "No note"), *_build_action(request)],
        className="violation",
    )


def _build_state(request: PrivacyRequest) -> Component:
    if request.done_at:
        found = sum((request.result or {}).values())
        rows = format_counted(found, "record") if found else "no data found"
        return html.Div(f"Done {format_minute(request.done_at)} by {request.done_by}: {rows}")
    due = f"due {format_day(request.due_at.date())}"
    if request.overdue:
        return html.Strong(f"Overdue, was {due}", className="overdue")
    return html.Div(f"Open, {due}")


def _build_action(request: PrivacyRequest) -> list[Component]:
    if request.status == "done":
        return _build_traces(request) if request.traces else _build_again(request)
    if request.kind == "export":
        label = "Download data"
        hint = "Downloading answers the request. You can download the file again for a week; it is not stored here."
    else:
        label = "Erase data"
        hint = "This can't be undone. What other people did with this child is kept, without the child's ID."
    close_hint = build_hint("No data found? Check the ID with the requester. If it is right, close the request.")
    buttons = [
        _build_button(label, request, request.kind),
        close_hint,
        _build_button("Close request: no data found", request, "close"),
    ]
    return [build_folded("Answer", f"request {request.id}", build_hint(hint), *buttons)]


def _build_traces(request: PrivacyRequest) -> list[Component]:
    """What an erasure has left under the devices, sessions and IP addresses that were used."""
    rows = [
        (SUBJECTS[trace.kind], trace.id, format_count(trace.events), _format_others(trace)) for trace in request.traces
    ]
    columns = (Column("Type"), Column("Value"), Column("Events", is_figure=True), Column("Also used by"))
    table = build_table(f"Remaining data of request {request.id}", columns, rows)
    body: list[Component] = [build_hint("Stored under what the erased person used. Listed here for one week."), table]
    if any(trace.kind != "ip_address" and not trace.others for trace in request.traces):
        hint = (
            "Erases devices and sessions that no one else used, and the user agents and metadata of events credited to "
            "this person. This can't be undone. IP addresses need a request of their own."
        )
        body += [build_hint(hint), _build_button("Erase devices and sessions", request, "erase-traces")]
    return [build_folded("Remaining data", f"of request {request.id}", *body, look="resolve traces")]


def _format_others(trace: Trace) -> str:
    return format_counted(trace.others, "other person", "other people") if trace.others else "No one else"


def _build_again(request: PrivacyRequest) -> list[Component]:
    """An export whose file was lost, as long as the request still names its subject."""
    if request.subject_id is None:
        return []
    return [html.Div(_build_button("Download again", request, "export"))]


def _build_button(label: str, request: PrivacyRequest, answering: Answering) -> Component:
    about = f" about {request.subject_id}" if request.subject_id else f" of request {request.id}"
    return build_button(_SLUG, answering, request.id, label, about)


def _build_form() -> list[Component]:
    fields = [
        build_select("privacy-kind", "Request", KINDS),
        build_select("privacy-subject_kind", "Identified by", SUBJECTS),
        dmc.TextInput(id="privacy-subject_id", label="ID", required=True, withAsterisk=False),
        dmc.TextInput(id="privacy-note", label="Who asked, and how you verified it"),
        build_save(_SLUG, "form", "Record request"),
    ]
    hint = "Recording a request starts the time in which it must be answered. Answer it in the list below."
    return [build_hint(hint), html.Div(fields, className="filters")]


def _record(api: MetricsApi, **form: str | None) -> Done:
    given = {name: value for name, value in form.items() if value}
    if "subject_id" not in given:
        raise RefusedError("Enter an ID.")
    recorded = api.record_privacy_request(check(PrivacyRequestDraft, given))
    return Done(f"Request {recorded.id} recorded. It is due {format_day(recorded.due_at.date())}.")


def _answer(api: MetricsApi, answering: str, request_id: int) -> Done:
    """Do what a request asks for: hand out the file, or erase; or close it because nothing is stored."""
    try:
        said, file = _ANSWERS[answering](api, request_id)
    except ApiUnreachableError as error:
        raise RefusedError(f"Request {request_id}: {_UNKNOWN}.") from error
    return Done(f"Request {request_id}: {said}.", file=file)


def _export(api: MetricsApi, request_id: int) -> tuple[str, Any]:
    exported = api.export_subject(request_id)
    if not any(exported.data.values()):
        return _NO_DATA, no_update
    name = f"privacy-request-{request_id}.json"
    return "file downloaded", {"content": exported.model_dump_json(indent=2), "filename": name}


def _erase(api: MetricsApi, request_id: int) -> tuple[str, Any]:
    done = api.erase_subject(request_id)
    records = sum((done.result or {}).values())
    erased = f"{format_counted(records, 'record')} erased. Counts of those days are updated within a minute"
    if done.traces:
        erased += ". Devices, sessions or IP addresses this person used hold more: see Remaining data in the list"
    return erased if records else _NO_DATA, no_update


def _erase_traces(api: MetricsApi, request_id: int) -> tuple[str, Any]:
    api.erase_traces(request_id)
    return "devices and sessions erased. Counts of those days are updated within a minute", no_update


def _close(api: MetricsApi, request_id: int) -> tuple[str, Any]:
    api.close_privacy_request(request_id)
    return "closed, no data found", no_update


_ANSWERS: Mapping[str, Callable[[MetricsApi, int], tuple[str, Any]]] = {
    "export": _export,
    "erase": _erase,
    "erase-traces": _erase_traces,
    "close": _close,
}
LISTED = ListPage(
    path=PRIVACY_PATH,
    slug=_SLUG,
    title="Privacy",
    about="What data about children is kept, for how long, and what their parents have asked for.",
    draw=draw,
    cards=(
        ("policy", "Data retention"),
        Form(
            "form",
            "Record a parent's request",
            _build_form,
            fields=("kind", "subject_kind", "subject_id", "note"),
            empty={"subject_id": "", "note": ""},
            save=_record,
        ),
        ("requests", "Parents' requests"),
        ("purges", "Nightly deletions"),
    ),
    act=_answer,
)
PAGE = build_page(LISTED, icon="lock", scope=Scope.METRICS_READ)
