"""The retention policy, the record of purges, and parents' requests."""

from datetime import UTC, datetime
from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.enqueue import enqueue
from metrics_api.api.problems import ProblemError, invalid, not_found
from metrics_api.api.queries import ListQuery, read_page, split_page
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.batches.ledger import BATCHES
from metrics_api.ingest.erased import save_erased as remember_erased
from metrics_api.privacy import requests
from metrics_api.privacy.erasure import erase_subject, erase_traces
from metrics_api.privacy.policy import build_policy
from metrics_api.privacy.purge import fetch_purges
from metrics_api.privacy.subjects import Subject, export_subject, list_names, parse_subject
from viral_contract.models.people import Scope
from viral_contract.models.privacy import (
    ErasureScope,
    PrivacyRequest,
    PrivacyRequestDraft,
    PrivacyRequestsAnswer,
    PurgesAnswer,
    RequestKind,
    RetentionPolicy,
    SubjectData,
    SubjectKind,
)
from viral_contract.models.problem import FieldError, Problem

privacy = Resource("privacy")
_REQUEST = f"/v1/privacy/requests/<{ROW_ID}:request_id>"


@privacy.route("GET", "/v1/privacy/policy", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: RetentionPolicy})
def get_policy() -> RetentionPolicy:
    """Get the data retention policy under the current settings."""
    settings = current_context().settings
    return build_policy(settings.privacy, settings.deliveries, now=datetime.now(UTC))


@privacy.route("GET", "/v1/privacy/purges", scope=Scope.ADMIN, answers={HTTPStatus.OK: PurgesAnswer})
def get_purges(connection: Connection) -> PurgesAnswer:
    """List recent nightly deletions."""
    return PurgesAnswer(purges=fetch_purges(connection))


@privacy.route("GET", "/v1/privacy/requests", scope=Scope.ADMIN, answers={HTTPStatus.OK: PrivacyRequestsAnswer})
def get_requests(query: ListQuery, connection: Connection) -> PrivacyRequestsAnswer:
    """List parents' requests, newest first."""
    page = read_page(query, requests.CURSOR)
    rows = requests.fetch_requests(connection, page, now=datetime.now(UTC))
    shown, next_cursor = split_page(page, requests.CURSOR, rows, "id")
    return PrivacyRequestsAnswer(
        requests=shown,
        total_requests=requests.count_requests(connection),
        next_cursor=next_cursor,
    )


@privacy.route("POST", "/v1/privacy/requests", scope=Scope.ADMIN, answers={HTTPStatus.CREATED: PrivacyRequest})
def post_request(body: PrivacyRequestDraft) -> tuple[PrivacyRequest, HTTPStatus]:
    """Record a parent's request, with the day it is due."""
    context, now = current_context(), datetime.now(UTC)
    subject = _parse(body)
    draft = body.model_copy(update={"subject_id": subject.id})
    due_days, actor = context.settings.privacy.privacy_request_days, current_principal().name
    with context.database.write() as connection:
        saved = requests.save_request(connection, draft, context.references, due_days=due_days, actor=actor, now=now)
        return _fetch(connection, saved, now), HTTPStatus.CREATED


@privacy.route(
    "POST", f"{_REQUEST}/export", scope=Scope.ADMIN, answers={HTTPStatus.OK: SubjectData, HTTPStatus.CONFLICT: Problem}
)
def post_export(request_id: int) -> SubjectData:
    """Export all data stored about the subject and complete the request, unless there is none.

    For a week it can be asked for again.
    """
    now = datetime.now(UTC)
    exported = _export(request_id, now, kind="export")
    counts = _count(exported)
    if any(counts.values()):
        with current_context().database.write() as connection:
            requests.save_exported(connection, request_id, counts, actor=current_principal().name, now=now)
    return exported


@privacy.route(
    "POST",
    f"{_REQUEST}/erase",
    scope=Scope.ADMIN,
    answers={HTTPStatus.OK: PrivacyRequest, HTTPStatus.CONFLICT: Problem},
)
def post_erase(request_id: int, body: ErasureScope) -> PrivacyRequest:
    """Erase all data about the subject, permanently, and complete the request, unless there is none.

    The answer lists what is left under the devices, sessions and addresses that the subject used.
    """
    now = datetime.now(UTC)
    wanted: dict[SubjectKind, bool] = {"device": body.with_devices, "session": body.with_sessions}
    along = [kind for kind, is_wanted in wanted.items() if is_wanted]
    with current_context().database.write() as connection:
        subject = _fetch_subject(connection, request_id, kind="erase", lock=True)
        context = current_context()
        names = list_names(subject, context.pseudonyms)
        erasure = erase_subject(connection, names, context.references, at=now, along=along)
        if any(erasure.rows.values()):
            requests.save_erased(connection, request_id, erasure, actor=current_principal().name, now=now)
        answered = _fetch(connection, request_id, now)
    enqueue(BATCHES)
    return answered


@privacy.route("POST", f"{_REQUEST}/erase-traces", scope=Scope.ADMIN, answers={HTTPStatus.OK: PrivacyRequest})
def post_erase_traces(request_id: int) -> PrivacyRequest:
    """Erase devices and sessions only the erased subject had used, and what credited events say about them."""
    now, references = datetime.now(UTC), current_context().references
    with current_context().database.write() as connection:
        left = requests.fetch_traces_of(connection, request_id)
        if left is None:
            raise not_found(f"traces of privacy request {request_id}")
        used = [Subject(each["kind"], each["id"]) for each in left.traces["used"]]
        erasure = erase_traces(connection, used, left.traces["credited"], references, at=now)
        actor = current_principal().name
        requests.save_traces_erased(connection, request_id, left.result, erasure, actor=actor, now=now)
        answered = _fetch(connection, request_id, now)
    enqueue(BATCHES)
    return answered


@privacy.route(
    "POST",
    f"{_REQUEST}/close",
    scope=Scope.ADMIN,
    answers={HTTPStatus.OK: PrivacyRequest, HTTPStatus.CONFLICT: Problem},
)
def post_close(request_id: int) -> PrivacyRequest:
    """Close an open request because no data is stored under its ID."""
    now = datetime.now(UTC)
    if any(_count(_export(request_id, now)).values()):
        detail = f"Data is stored under the ID of privacy request {request_id}. Answer the request instead."
        raise ProblemError(HTTPStatus.CONFLICT, "something_stored", detail)
    with current_context().database.write() as connection:
        asked = requests.fetch_subject(connection, request_id, lock=True)
        if asked and asked[0] == "erase":
            # Late data must not be stored after a parent was informed that none is.
            context = current_context()
            keys = [(name.kind, name.id) for name in list_names(asked[1], context.pseudonyms)]
            remember_erased(connection, keys, context.references.to_mark, at=now)
        if not requests.save_closed(connection, request_id, actor=current_principal().name, now=now):
            raise not_found(f"open privacy request {request_id}")
        return _fetch(connection, request_id, now)


def _export(request_id: int, now: datetime, *, kind: RequestKind | None = None) -> SubjectData:
    context = current_context()
    with context.database.read() as connection:
        subject = _fetch_subject(connection, request_id, kind=kind)
        return export_subject(connection, list_names(subject, context.pseudonyms), context.references, now=now)


def _count(exported: SubjectData) -> dict[str, int]:
    return {table: len(rows) for table, rows in exported.data.items()}


def _parse(draft: PrivacyRequestDraft) -> Subject:
    try:
        return parse_subject(draft.subject_kind, draft.subject_id)
    except ValueError as error:
        raise invalid([FieldError(pointer="/subject_id", detail=str(error))]) from error


def _fetch(connection: Connection, request_id: int, now: datetime) -> PrivacyRequest:
    found = requests.fetch_request(connection, request_id, now=now)
    if found is None:
        raise not_found(f"privacy request {request_id}")
    return found


def _fetch_subject(
    connection: Connection, request_id: int, *, kind: RequestKind | None = None, lock: bool = False
) -> Subject:
    """The request's subject, which must be of the given kind, if any."""
    found = requests.fetch_subject(connection, request_id, lock=lock)
    if found is None:
        raise not_found(f"open privacy request {request_id}")
    asked, subject = found
    if kind not in (None, asked):
        detail = f"Privacy request {request_id} is to {asked}, not to {kind}."
        raise ProblemError(HTTPStatus.CONFLICT, "other_kind", detail)
    return subject
