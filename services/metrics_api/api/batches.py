"""Background jobs: start one, run its steps, get its progress."""

from datetime import UTC, datetime
from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.api.context import current_context
from metrics_api.api.enqueue import enqueue
from metrics_api.api.problems import not_found, not_held
from metrics_api.api.routing import SMALL_ROW_ID, Resource
from metrics_api.batches.ledger import BATCHES, fetch_batch
from metrics_api.batches.steps import StepContext, start_batch, step_batch
from viral_contract.models.batches import Batch, BatchRequest
from viral_contract.models.people import Scope
from viral_contract.models.problem import Problem

batches = Resource("batches")


@batches.route("POST", "/v1/batches", scope=Scope.ADMIN, answers={HTTPStatus.ACCEPTED: Batch})
def post_batch(body: BatchRequest) -> tuple[Batch, HTTPStatus]:
    """Start a background job, or get the one of its kind in progress."""
    with current_context().database.write() as connection:
        started = start_batch(connection, body.kind)
        batch = _found(fetch_batch(connection, started), started)
    enqueue(BATCHES)
    return batch, HTTPStatus.ACCEPTED


@batches.route("GET", f"/v1/batches/<{SMALL_ROW_ID}:batch_id>", scope=Scope.ADMIN, answers={HTTPStatus.OK: Batch})
def get_batch(batch_id: int, connection: Connection) -> Batch:
    """Get the progress of a background job."""
    return _found(fetch_batch(connection, batch_id), batch_id)


@batches.route(
    "POST",
    f"/internal/batches/<{SMALL_ROW_ID}:batch_id>/step",
    scope=Scope.JOBS_REPORTS,
    answers={HTTPStatus.OK: Batch, HTTPStatus.CONFLICT: Problem},
)
def post_batch_step(batch_id: int) -> Batch:
    """Run the next step of a background job; a finished one is returned as it is."""
    context = current_context()
    api, waits = context.settings.api, context.settings.queues.backoff_base_seconds
    step_context = StepContext(
        api.pii_phone_region,
        api.pii_scan_seconds,
        datetime.now(UTC),
        waits,
        context.fact_rules,
        context.pseudonyms,
    )
    with context.database.write() as connection:
        _found(fetch_batch(connection, batch_id), batch_id)
        stepped = step_batch(connection, batch_id, step_context)
    if stepped is None:
        detail = f"Another worker is running a step of batch {batch_id}, or the step is waiting for its next attempt."
        raise not_held(detail)
    return stepped


def _found(batch: Batch | None, batch_id: int) -> Batch:
    if batch is None:
        raise not_found(f"batch {batch_id}")
    return batch
