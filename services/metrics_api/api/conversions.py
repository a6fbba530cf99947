"""Decisions before a reward: whether a conversion is credible."""

from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from sqlalchemy import Connection

from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.routing import Resource
from metrics_api.cases.credibility import NotAConversionError, fetch_credibility
from metrics_api.db.database import prepared
from metrics_api.detection.query import build_masked_query
from viral_contract.models.credibility import CredibilityAnswer
from viral_contract.models.people import Scope
from viral_contract.models.period import Period

conversions = Resource("conversions")


@conversions.route(
    "GET",
    "/v1/conversions/<uuid:event_id>/credibility",
    scope=Scope.METRICS_READ,
    answers={HTTPStatus.OK: CredibilityAnswer},
)
def get_credibility(event_id: UUID, connection: Connection) -> CredibilityAnswer:
    """Say whether a conversion deserves its reward, and why; ask before each reward."""
    context, now = current_context(), datetime.now(UTC)
    today = Period.between(now.date(), now.date())
    query = build_masked_query(today, context.settings.detection, context.references, now=now)
    try:
        with prepared(connection):
            answer = fetch_credibility(connection, event_id, query)
    except NotAConversionError as error:
        detail = f"The event {event_id} is a {error}; only conversions are credible or not."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "not_a_conversion", detail) from error
    if answer is None:
        raise not_found(f"event {event_id}")
    return answer
