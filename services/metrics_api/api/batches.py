"""Starts long work, and does it step by step."""

from datetime import UTC, datetime
from http import HTTPStatus

from metrics_api.api.problems import not_found
from metrics_api.api.routing import SMALL_ROW_ID, Resource
from metrics_api.api.services import services
from metrics_api.ingest.batches import Circumstances, fetch_batch, start_batch, step_batch
from viral_engine.contract.batches import Batch, BatchRequest
from viral_engine.contract.people import Scope

batches = Resource("batches")


@batches.route("POST", "/v1/batches", scope=Scope.ADMIN, answers={HTTPStatus.ACCEPTED: Batch})
def post_batch(body: BatchRequest) -> tuple[Batch, HTTPStatus]:
    """Start long work, or find the one of its kind that is under way."""
    with services().database.write() as connection:
        started = start_batch(connection, body.kind)
        return _found(fetch_batch(connection, started), started), HTTPStatus.ACCEPTED


@batches.route("GET", f"/v1/batches/<{SMALL_ROW_ID}:batch_id>", scope=Scope.ADMIN, answers={HTTPStatus.OK: Batch})
def get_batch(batch_id: int) -> Batch:
    """How far long work has come."""
    with services().database.read() as connection:
        return _found(fetch_batch(connection, batch_id), batch_id)


@batches.route(
    "POST",
    f"/internal/batches/<{SMALL_ROW_ID}:batch_id>/step",
    scope=Scope.JOBS_RUN,
    answers={HTTPStatus.OK: Batch},
)
def post_batch_step(batch_id: int) -> Batch:
    """Do the next bounded step of long work."""
    given = Circumstances(services().phone_region, datetime.now(UTC))
    with services().database.write() as connection:
        return _found(step_batch(connection, batch_id, given), batch_id)


def _found(batch: Batch | None, batch_id: int) -> Batch:
    if batch is None:
        raise not_found(f"batch {batch_id}")
    return batch
