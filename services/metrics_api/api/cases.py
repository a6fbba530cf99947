"""Cases, and verdicts on them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.queries import ListQuery, build_identifiers, note_look, read_page
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.cases import listing
from metrics_api.cases.verdicts import (
    Act,
    CaseConflictError,
    UnknownCasesError,
    save_verdict,
    save_verdicts,
    undo_verdict,
    undo_verdicts,
)
from viral_contract.models.cases import (
    BulkVerdictAnswer,
    BulkVerdictRequest,
    Case,
    CaseKind,
    CaseOrder,
    CaseRule,
    CasesAnswer,
    CaseStatus,
    VerdictRequest,
)
from viral_contract.models.flags import Flag
from viral_contract.models.people import Scope
from viral_contract.models.problem import FieldError, Problem
from viral_contract.models.referrer_evidence import Strength
from viral_contract.models.values import CONTROL_FREE, check_text

cases = Resource("cases", Flag.GUARDRAIL_DASHBOARD)
_CHANGED = "Somebody changed the case in the same moment. Nothing was changed. Try again."
_CASE = f"/v1/cases/<{ROW_ID}:case_id>"


class CasesQuery(ListQuery):
    """Query of the list of cases."""

    status: CaseStatus = "open"
    rule: CaseRule | None = None
    kind: CaseKind | None = None
    strength: Strength | None = None
    order: CaseOrder = "stake"
    q: Annotated[str, Field(max_length=128), AfterValidator(check_text), CONTROL_FREE] | None = Field(
        None, description="A part of the referrer, device, network or link, or a case's id; masked ones by ref only"
    )


@cases.route("GET", "/v1/cases", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CasesAnswer})
def get_cases(query: CasesQuery, connection: Connection) -> CasesAnswer:
    """List cases by status: most at stake, or newest, first."""
    page = read_page(query, f"{listing.CURSOR} {query.order}")
    wanted = listing.Wanted(query.status, query.rule, query.kind, query.strength, query.q, query.order)
    note_look(connection)
    return listing.fetch_cases(connection, wanted, page, build_identifiers(), now=datetime.now(UTC))


@cases.route("GET", _CASE, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: Case})
def get_case(case_id: int, connection: Connection) -> Case:
    """Get a case with its evidence."""
    note_look(connection)
    return _fetch(connection, case_id)


@cases.route(
    "POST",
    f"{_CASE}/verdict",
    scope=Scope.CASES_WRITE,
    answers={HTTPStatus.OK: Case, HTTPStatus.CONFLICT: Problem},
)
def post_verdict(case_id: int, body: VerdictRequest) -> Case:
    """Decide a case; 409 if somebody has decided it, unless `change` is true."""
    with _deciding() as (connection, act):
        save_verdict(connection, [case_id], body, act)
        return _fetch(connection, case_id)


@cases.route(
    "POST", f"{_CASE}/undo", scope=Scope.CASES_WRITE, answers={HTTPStatus.OK: Case, HTTPStatus.CONFLICT: Problem}
)
def post_undo(case_id: int) -> Case:
    """Undo the newest verdict on a case, which is then as before it."""
    with _deciding() as (connection, act):
        undo_verdict(connection, case_id, act)
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
    case = listing.fetch_case(connection, case_id, build_identifiers())
    if case is None:
        raise not_found(f"case {case_id}")
    return case
