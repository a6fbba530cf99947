"""COPPA compliance, its violations and their resolutions."""

from datetime import UTC, datetime
from http import HTTPStatus

from pydantic import Field
from sqlalchemy import Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.queries import ListQuery, note_retention, parse_query, read_page
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.detection import coppa_violations
from metrics_api.detection.coppa import fetch_coppa
from metrics_api.detection.query import COMPONENT_ROWS
from metrics_api.ingest.resolutions import AlreadyResolvedError, UnknownViolationError, save_resolution
from viral_contract.models.flagged import SortOrder
from viral_contract.models.flags import Flag
from viral_contract.models.guardrails import CoppaAnswer
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery
from viral_contract.models.problem import Problem
from viral_contract.models.thresholds import CoppaOverrides, Overrides
from viral_contract.models.violations import (
    Violation,
    ViolationFilter,
    ViolationResolution,
    ViolationsAnswer,
    ViolationSort,
)

coppa = Resource("coppa", Flag.GUARDRAIL_DASHBOARD)
resolutions = Resource("resolutions")
_VIOLATIONS = "/v1/guardrails/coppa/violations"
# The range of the id's column.
_VIOLATION = f"{_VIOLATIONS}/<{ROW_ID}:violation_id>"


class CoppaQuery(PeriodQuery, CoppaOverrides):
    """Query of the COPPA compliance."""


class ViolationsQuery(PeriodQuery, ViolationFilter, Overrides, ListQuery):
    """Query of the list of violations."""

    sort: ViolationSort = "status"
    order: SortOrder | None = Field(None, description="Open and newest first if absent; types from a to z")


@coppa.route("GET", "/v1/guardrails/coppa", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CoppaAnswer})
def get_coppa(query: CoppaQuery, connection: Connection) -> CoppaAnswer:
    """Get the COPPA compliance of children's and parents' content."""
    asked = parse_query(query, query, COMPONENT_ROWS, shows_identifiers=False)
    return note_retention(connection, fetch_coppa(connection, asked))


@coppa.route("GET", _VIOLATIONS, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: ViolationsAnswer})
def get_violations(query: ViolationsQuery, connection: Connection) -> ViolationsAnswer:
    """List violations in content created in the period, open ones first or in another order."""
    order = coppa_violations.Order(query.sort, query.order)
    asked = parse_query(query, query, read_page(query, order.cursor), shows_identifiers=False)
    return note_retention(connection, coppa_violations.fetch_violations(connection, query, asked, order))


@resolutions.route(
    "POST",
    f"{_VIOLATION}/resolve",
    scope=Scope.ALERTS_WRITE,
    answers={HTTPStatus.OK: Violation, HTTPStatus.CONFLICT: Problem},
)
def resolve_violation(violation_id: int, body: ViolationResolution) -> Violation:
    """Mark a violation as removed or as a false positive."""
    actor, now = current_principal().name, datetime.now(UTC)
    try:
        with current_context().database.write() as connection:
            save_resolution(connection, violation_id, body, actor=actor, now=now)
            return coppa_violations.fetch_violation(connection, violation_id)
    except UnknownViolationError as error:
        raise not_found(f"violation {violation_id}") from error
    except AlreadyResolvedError as error:
        detail = f"Violation {violation_id} was already resolved."
        raise ProblemError(HTTPStatus.CONFLICT, "already_resolved", detail) from error
