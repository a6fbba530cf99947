"""Cases, and verdicts on them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from metrics_api.alerts.evaluate import build_recent_query
from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.queries import ListQuery, build_identifiers, note_look, read_page
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.cases import listing
from metrics_api.cases.graph import fetch_graph
from metrics_api.cases.linked import fetch_linked
from metrics_api.cases.timeline import fetch_timeline
from metrics_api.cases.verdict_effect import measure_verdict
from metrics_api.cases.verdicts import (
    Act,
    CaseConflictError,
    UnknownCasesError,
    save_verdict,
    save_verdicts,
    undo_verdict,
    undo_verdicts,
)
from metrics_api.db.database import prepared
from metrics_api.db.paging import Page
from metrics_api.reports.restatements import find_restated
from viral_contract.models.cases import (
    BulkVerdictAnswer,
    BulkVerdictRequest,
    Case,
    CaseGraph,
    CaseKind,
    CaseOrder,
    CaseRule,
    CasesAnswer,
    CaseStatus,
    CaseTimeline,
    LinkedCases,
    VerdictEffect,
    VerdictRequest,
)
from viral_contract.models.flags import Flag
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery
from viral_contract.models.problem import FieldError, Problem
from viral_contract.models.referrer_evidence import Strength
from viral_contract.models.values import CONTROL_FREE, OptionalId, check_text

cases = Resource("cases", Flag.GUARDRAIL_DASHBOARD)
_NO_ROWS = Page(limit=1)
_CHANGED = "Somebody changed the case in the same moment. Nothing was changed. Try again."
_CASE = f"/v1/cases/<{ROW_ID}:case_id>"


class CasesQuery(PeriodQuery, ListQuery):
    """Query of the list of cases; with a period, only those that were seen in it."""

    status: CaseStatus = "open"
    rule: CaseRule | None = None
    kind: CaseKind | None = None
    strength: Strength | None = None
    source: OptionalId = Field(None, description="Only cases with most of their clicks and conversions in this loop")
    order: CaseOrder = "stake"
    q: Annotated[str, Field(max_length=128), AfterValidator(check_text), CONTROL_FREE] | None = Field(
        None, description="A part of the referrer, device, network or link, or a case's id; masked ones by ref only"
    )


class VerdictQuery(BaseModel):
    """Query of a verdict."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(False, description="Answer what the verdict would change, and store nothing")


class UndoQuery(BaseModel):
    """Query of an undo."""

    model_config = ConfigDict(extra="forbid")

    verdict_id: Annotated[int, Field(ge=1, lt=2**63)] | None = Field(
        None, description="The verdict to undo; 409 if another is newest. The newest if absent"
    )


class VerdictAnswer(RootModel[Case | VerdictEffect]):
    """The decided case; of a dry run, what would change."""


@cases.route("GET", "/v1/cases", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CasesAnswer})
def get_cases(query: CasesQuery, connection: Connection) -> CasesAnswer:
    """List cases by status: most at stake, or newest, first."""
    page = read_page(query, f"{listing.CURSOR} {query.order}")
    now = datetime.now(UTC)
    seen = query.period(now=now) if query.days or query.start else None
    names = ("status", "rule", "kind", "strength", "source", "q", "order")
    wanted = listing.Wanted(**{name: getattr(query, name) for name in names}, seen=seen)
    note_look(connection)
    return listing.fetch_cases(connection, wanted, page, build_identifiers(), now=now)


@cases.route("GET", _CASE, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: Case})
def get_case(case_id: int, connection: Connection) -> Case:
    """Get a case with its evidence."""
    with prepared(connection):
        note_look(connection)
        return _fetch(connection, case_id)


@cases.route("GET", f"{_CASE}/graph", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CaseGraph})
def get_case_graph(case_id: int, connection: Connection) -> CaseGraph:
    """Get what a case touches: at most 50 referrers, invitees, devices, networks and links."""
    with prepared(connection):
        note_look(connection)
        row, prefix = _fetch_row(connection, case_id), current_context().settings.detection.fraud_ipv6_prefix
        return fetch_graph(connection, row, prefix, build_identifiers())


@cases.route("GET", f"{_CASE}/linked", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: LinkedCases})
def get_linked_cases(case_id: int, connection: Connection) -> LinkedCases:
    """List the open cases about devices and networks that a referrer's events came from."""
    note_look(connection)
    row, prefix = _fetch_row(connection, case_id), current_context().settings.detection.fraud_ipv6_prefix
    return fetch_linked(connection, row, prefix, build_identifiers())


@cases.route("GET", f"{_CASE}/timeline", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CaseTimeline})
def get_case_timeline(case_id: int, connection: Connection) -> CaseTimeline:
    """Get a case's clicks and conversions by day, and what happened to it, newest first."""
    with prepared(connection):
        return fetch_timeline(connection, _fetch_row(connection, case_id))


@cases.route(
    "POST",
    f"{_CASE}/verdict",
    scope=Scope.CASES_WRITE,
    answers={HTTPStatus.OK: VerdictAnswer, HTTPStatus.CONFLICT: Problem},
)
def post_verdict(case_id: int, query: VerdictQuery, body: VerdictRequest) -> Case | VerdictEffect:
    """Decide a case; 409 if somebody has decided it, unless `change` is true."""
    with _deciding() as (connection, act):
        if query.dry_run:
            recent = build_recent_query(current_context(), _NO_ROWS, now=act.now)
            restated = partial(find_restated, context=current_context(), case_id=case_id, now=act.now)
            return measure_verdict(connection, case_id, body, recent, act, restated)
        save_verdict(connection, [case_id], body, act)
        return _fetch(connection, case_id)


@cases.route(
    "POST", f"{_CASE}/undo", scope=Scope.CASES_WRITE, answers={HTTPStatus.OK: Case, HTTPStatus.CONFLICT: Problem}
)
def post_undo(case_id: int, query: UndoQuery) -> Case:
    """Undo the newest verdict on a case, which is then as before it."""
    with _deciding() as (connection, act):
        undo_verdict(connection, case_id, act, verdict_id=query.verdict_id)
        return _fetch(connection, case_id)


@cases.route(
    "POST",
    "/v1/cases/verdicts",
    scope=Scope.CASES_WRITE,
    answers={HTTPStatus.OK: BulkVerdictAnswer, HTTPStatus.CONFLICT: Problem},
)
def post_verdicts(body: BulkVerdictRequest) -> BulkVerdictAnswer:
    """Decide up to 100 cases alike, all or none."""
    with _deciding() as (connection, act):
        undo_id = save_verdicts(connection, body.ids, body, act)
        return BulkVerdictAnswer(
            cases=listing.fetch_decided(connection, body.ids, build_identifiers()), undo_id=undo_id
        )


@cases.route(
    "POST",
    f"/v1/cases/verdicts/<{ROW_ID}:undo_id>/undo",
    scope=Scope.CASES_WRITE,
    answers={HTTPStatus.OK: BulkVerdictAnswer, HTTPStatus.CONFLICT: Problem},
)
def post_bulk_undo(undo_id: int) -> BulkVerdictAnswer:
    """Undo verdicts that were given at once, all or none."""
    with _deciding() as (connection, act):
        undone = undo_verdicts(connection, undo_id, act)
        changed = listing.fetch_decided(connection, undone, build_identifiers())
        return BulkVerdictAnswer(cases=changed, undo_id=undo_id)


@contextmanager
def _deciding() -> Iterator[tuple[Connection, Act]]:
    """A decision in its transaction. Raises ProblemError 404 and 409 if it is not possible."""
    try:
        with current_context().database.write() as connection:
            note_look(connection)
            yield connection, Act(current_principal().name, datetime.now(UTC))
    except UnknownCasesError as error:
        raise not_found(f"case {error.ids[0]}") from error
    except CaseConflictError as error:
        raise _conflict(error.rows) from error
    except IntegrityError as error:
        raise ProblemError(HTTPStatus.CONFLICT, "case_changed", _CHANGED) from error


def _conflict(rows: Sequence[Row[Any]]) -> ProblemError:
    errors = [FieldError(pointer=f"#case-{row.id}", detail=_describe(row)) for row in rows]
    others = f" {len(rows) - 1} more cannot be decided either." if len(rows) > 1 else ""
    detail = f"Nothing was changed. Case {rows[0].id}: {errors[0].detail}.{others}"
    return ProblemError(HTTPStatus.CONFLICT, "case_decided", detail, errors)


def _describe(row: Row[Any]) -> str:
    if row.status == "closed":
        return "closed, because nothing is left of it"
    if row.verdict is None:
        return "nobody has decided it"
    return f"{row.verdict}, by {row.decided_by} at {row.decided_at:%Y-%m-%dT%H:%M:%SZ}"


def _fetch(connection: Connection, case_id: int) -> Case:
    """The case as the caller may see it. Raises ProblemError 404."""
    return listing.format_case(_fetch_row(connection, case_id), build_identifiers())


def _fetch_row(connection: Connection, case_id: int) -> Row[Any]:
    """The stored case. Raises ProblemError 404."""
    row = listing.fetch_row(connection, case_id)
    if row is None:
        raise not_found(f"case {case_id}")
    return row
