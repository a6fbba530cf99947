"""Deliveries for workers, which prove with a token that they hold a delivery."""

from datetime import UTC, datetime
from http import HTTPStatus

from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, not_held
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.deliveries.claims import UnreadableSubjectError, claim_with_subject, fail_unreadable
from metrics_api.deliveries.suppressions import suppress_gone_mailbox
from metrics_api.deliveries.transitions import (
    SHOWN,
    fetch_repeated,
    record_ended,
    record_started,
    save_intent,
    save_result,
)
from viral_contract.models.deliveries import (
    DeliveryBegun,
    DeliveryClaimed,
    DeliveryHeld,
    DeliveryIntent,
    DeliveryResult,
)
from viral_contract.models.people import Scope
from viral_contract.models.problem import Problem

delivery_jobs = Resource("delivery_jobs")
_DELIVERY = f"/internal/deliveries/<{ROW_ID}:delivery_id>"
_MOST_BYTES = 16 * 1024 * 1024
"""Larger than other bodies, because of the rendered email."""


@delivery_jobs.route(
    "POST",
    f"{_DELIVERY}/claim",
    scope=Scope.JOBS_DELIVERIES,
    answers={HTTPStatus.OK: DeliveryClaimed, HTTPStatus.CONFLICT: Problem},
)
def post_delivery_claim(delivery_id: int) -> DeliveryClaimed:
    """Claim a waiting delivery for the length of a lease."""
    context, now = current_context(), datetime.now(UTC)
    claimed, ended = None, None
    with context.database.write() as connection:
        try:
            claimed = claim_with_subject(connection, delivery_id, context, now=now)
        except UnreadableSubjectError as error:
            ended = fail_unreadable(connection, error, context.settings.queues, now=now)
    if ended is not None:
        record_ended(ended)
    if claimed is None:
        raise _not_held(delivery_id)
    record_started(claimed)
    return claimed


@delivery_jobs.route(
    "POST",
    f"{_DELIVERY}/intent",
    scope=Scope.JOBS_DELIVERIES,
    answers={HTTPStatus.OK: DeliveryBegun, HTTPStatus.CONFLICT: Problem},
    max_body_bytes=_MOST_BYTES,
)
def post_delivery_intent(delivery_id: int, body: DeliveryIntent) -> DeliveryBegun:
    """Announce that the message is about to be sent; without this answer it must not be."""
    context = current_context()
    with context.database.write() as connection:
        held = save_intent(connection, delivery_id, body, context.settings.deliveries, now=datetime.now(UTC))
    if not held:
        raise _not_held(delivery_id)
    return DeliveryBegun(status="sending", lease_seconds=context.settings.deliveries.sending_lease_seconds)


@delivery_jobs.route(
    "POST",
    f"{_DELIVERY}/result",
    scope=Scope.JOBS_DELIVERIES,
    answers={HTTPStatus.OK: DeliveryHeld, HTTPStatus.CONFLICT: Problem},
    max_body_bytes=_MOST_BYTES,
)
def post_delivery_result(delivery_id: int, body: DeliveryResult) -> DeliveryHeld:
    """Report how the attempt ended; safe to repeat."""
    now = datetime.now(UTC)
    with current_context().database.write() as connection:
        ended = save_result(connection, delivery_id, body, current_context().settings.queues, now=now)
        if ended is not None:
            suppress_gone_mailbox(connection, ended, body, now=now)
        repeated = None if ended else fetch_repeated(connection, delivery_id, body)
    if ended is not None:
        record_ended(ended)
        return DeliveryHeld(status=SHOWN[ended.status])
    if repeated is None:
        raise _not_held(delivery_id)
    return DeliveryHeld(status=SHOWN[repeated])


def _not_held(delivery_id: int) -> ProblemError:
    detail = f"Delivery {delivery_id} is not waiting, or this worker does not hold the claim it needs."
    return not_held(detail)
