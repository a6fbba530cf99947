"""Emails reports, and lists their deliveries."""

from datetime import UTC, datetime
from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.api.context import current_context
from metrics_api.api.enqueue import enqueue
from metrics_api.api.mailing import ask_for_emails, check_recipients, is_email_on, number_recipients, sees_recipients
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.queries import ListQuery, read_page
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.deliveries.listing import CURSOR, fetch_deliveries, fetch_delivery, fetch_request
from metrics_api.deliveries.transitions import DELIVERIES
from metrics_api.reports.listing import fetch_status
from viral_contract.models.deliveries import DeliveriesAnswer, DeliveriesRequest, RenderedDelivery
from viral_contract.models.flags import Flag
from viral_contract.models.people import Scope
from viral_contract.models.problem import Problem

deliveries = Resource("deliveries", Flag.PERFORMANCE_REPORTS)
_PATH = f"/v1/reports/<{ROW_ID}:report_id>/deliveries"


@deliveries.route(
    "POST",
    _PATH,
    scope=Scope.REPORTS_WRITE,
    answers={HTTPStatus.ACCEPTED: DeliveriesAnswer, HTTPStatus.OK: DeliveriesAnswer, HTTPStatus.CONFLICT: Problem},
)
def post_deliveries(report_id: int, body: DeliveriesRequest) -> tuple[DeliveriesAnswer, HTTPStatus]:
    """Email a finished report; the same report and recipients within 60 seconds are the same deliveries."""
    check_recipients(number_recipients(body.recipient_emails))
    now = datetime.now(UTC)
    with current_context().database.write() as connection:
        _check_ready(connection, report_id)
        requested = ask_for_emails(connection, report_id, body.recipient_emails, now=now)
        answer = fetch_request(connection, requested.request_id, email_enabled=is_email_on(report_id))
    enqueue(DELIVERIES)
    return answer, HTTPStatus.ACCEPTED if requested.created else HTTPStatus.OK


@deliveries.route("GET", _PATH, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: DeliveriesAnswer})
def get_deliveries(report_id: int, query: ListQuery, connection: Connection) -> DeliveriesAnswer:
    """List a report's deliveries, newest request first; recipients are masked without reports:write."""
    page = read_page(query, CURSOR)
    _find_status(connection, report_id)
    return fetch_deliveries(
        connection,
        report_id,
        page,
        current_context().references,
        email_enabled=is_email_on(report_id),
        whole=sees_recipients(),
    )


@deliveries.route(
    "GET", f"{_PATH}/<{ROW_ID}:delivery_id>", scope=Scope.REPORTS_WRITE, answers={HTTPStatus.OK: RenderedDelivery}
)
def get_delivery(report_id: int, delivery_id: int, connection: Connection) -> RenderedDelivery:
    """Get a delivery with its rendered content, while it is kept."""
    found = fetch_delivery(connection, report_id, delivery_id)
    if found is None:
        raise not_found(f"delivery {delivery_id} of report {report_id}")
    return found


def _check_ready(connection: Connection, report_id: int) -> None:
    status = _find_status(connection, report_id)
    if status != "ready":
        raise ProblemError(HTTPStatus.CONFLICT, "not_ready", f"Report {report_id} is {status}.")


def _find_status(connection: Connection, report_id: int) -> str:
    status = fetch_status(connection, report_id)
    if status is None:
        raise not_found(f"report {report_id}")
    return status
