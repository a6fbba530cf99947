"""Stores attribution events."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError

from metrics_api.api.bulk import JSON, MAX_BATCH_BYTES, NDJSON, Batch, PartialQuery
from metrics_api.api.context import current_context
from metrics_api.api.problems import RETRY_SECONDS, ProblemError
from metrics_api.api.routing import Resource
from metrics_api.ingest.combiner import fold_batch
from metrics_api.ingest.events import Taken, take_events
from metrics_api.pii_scanner.budget import BudgetExceededError, limit_scan
from viral_contract.models.events import Event, EventBatch
from viral_contract.models.people import Scope
from viral_contract.models.writes import EventsAccepted

_INGESTED = Counter(
    "viral_engine_ingested_events",
    "Events that were sent, by outcome: accepted, duplicate, expired, erased or rejected",
    ["outcome"],
)
# A rate needs to see a counter at 0 before its first event.
for _outcome in ("accepted", "duplicate", "expired", "erased", "rejected"):
    _INGESTED.labels(_outcome)
events = Resource("events")
# As long as the texts of so many shares; of ordinary events that leak, a whole batch takes a tenth of it.
_TEXTS_IN_FULL = 60
_BATCH = Batch("events", Event, keep=lambda event: event)


@events.route(
    "POST",
    "/v1/events",
    scope=Scope.EVENTS_WRITE,
    answers={HTTPStatus.ACCEPTED: EventsAccepted},
    reads=EventBatch,
    media_types=(JSON, NDJSON),
    max_body_bytes=MAX_BATCH_BYTES,
)
def post_events(query: PartialQuery) -> tuple[EventsAccepted, HTTPStatus]:
    """Store a batch of events, each counted once. Purged or erased data is not stored again."""
    batch, rejections = _BATCH.read(partial=query.partial)
    taken = _take(batch) if batch else Taken(0, 0, 0)
    late = {"expired": taken.expired, "erased": taken.erased}
    duplicates = len(batch) - taken.accepted - taken.expired - taken.erased
    _count(accepted=taken.accepted, duplicate=duplicates, rejected=len(rejections.items), **late)
    answer = EventsAccepted(
        accepted=taken.accepted,
        duplicates=duplicates,
        **late,
        rejected=rejections.items if query.partial else None,
        more_errors=rejections.more_errors,
    )
    return answer, HTTPStatus.ACCEPTED


def _take(batch: Sequence[Event]) -> Taken:
    """Store and count the batch. Raises ProblemError 422 if its texts take too long to look through."""
    context = current_context()
    marker, pseudonyms, rules = context.references.to_mark, context.pseudonyms, context.fact_rules
    seconds = _TEXTS_IN_FULL * context.settings.api.pii_scan_seconds
    try:
        with limit_scan(seconds), context.database.write() as connection:
            taken = take_events(connection, batch, marker, pseudonyms, rules, now=datetime.now(UTC))
    except BudgetExceededError as error:
        detail = (
            f"Nothing was stored: looking for personal information takes more than {seconds:g} s of processor time. "
            "Send it in smaller parts."
        )
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "not_scanned", detail) from error
    if taken.waits_for is not None:
        _wait_until_counted(taken.waits_for)
    return taken


def _wait_until_counted(batch_id: int) -> None:
    """Return once the staged batch is folded. Raises ProblemError 503 if the database refuses."""
    try:
        fold_batch(current_context().database, batch_id)
    except DBAPIError as error:
        detail = "The events are stored, but not all counted yet. Send them again: nothing is stored or counted twice."
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "not_counted", detail, retry_after=RETRY_SECONDS) from error


def _count(**outcomes: int) -> None:
    for outcome, number in outcomes.items():
        _INGESTED.labels(outcome=outcome).inc(number)
