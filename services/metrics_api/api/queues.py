"""Shows the queues, and what to do with dead letters."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from metrics_api.api.authentication import current_principal
from metrics_api.api.problems import not_found
from metrics_api.api.routing import Resource
from metrics_api.api.services import services
from metrics_api.deliveries import dead_letters as deliveries
from metrics_api.deliveries.poking import poke_due_deliveries
from metrics_api.ingest.batches import fetch_all_unfinished
from metrics_api.reports import dead_letters as reports
from metrics_api.reports.poking import poke_due_runs
from viral_engine.contract.people import Scope
from viral_engine.contract.queues import DeadLetterState, QueuesAnswer
from viral_engine.queues import QueueName, open_queue

queues = Resource("queues")
_DEAD_LETTER = "/v1/dead-letters/<letter_id>"
_LETTER_ID = re.compile(r"(report|delivery)-([0-9]{1,18})")
_POKES: dict[str, Callable[..., int]] = {"report": poke_due_runs, "delivery": poke_due_deliveries}
_DECISIONS: dict[tuple[str, str], Callable[..., bool]] = {
    ("report", "retry"): reports.retry_dead_letter,
    ("report", "discard"): reports.discard_dead_letter,
    ("delivery", "retry"): deliveries.retry_delivery,
    ("delivery", "discard"): deliveries.discard_delivery,
    ("delivery", "confirm"): deliveries.confirm_delivery,
}


@queues.route("GET", "/v1/queues", scope=Scope.ADMIN, answers={HTTPStatus.OK: QueuesAnswer})
def get_queues() -> QueuesAnswer:
    """Every queue, what failed for good or may have been sent, and the long work that is under way."""
    waiting_jobs = {name: open_queue(services().redis, name).count for name in QueueName}
    with services().database.read() as connection:
        states = reports.fetch_queues(connection, waiting_jobs, now=datetime.now(UTC))
        letters = reports.fetch_dead_letters(connection) + deliveries.fetch_held_deliveries(connection)
        unfinished = fetch_all_unfinished(connection)
    newest = sorted(letters, key=lambda letter: letter.failed_at, reverse=True)[:100]
    return QueuesAnswer(queues=states, dead_letters=newest, batches=unfinished)


@queues.route("POST", f"{_DEAD_LETTER}/retry", scope=Scope.ADMIN, answers={HTTPStatus.OK: DeadLetterState})
def post_retry(letter_id: str) -> DeadLetterState:
    """Try what failed again from the start; what may have been sent is sent once more."""
    now = datetime.now(UTC)
    kind = _decide("retry", letter_id, now=now)
    _POKES[kind](services().database, services().redis, services().queues, now=now)
    return DeadLetterState(id=letter_id, state="queued")


@queues.route("POST", f"{_DEAD_LETTER}/discard", scope=Scope.ADMIN, answers={HTTPStatus.OK: DeadLetterState})
def post_discard(letter_id: str) -> DeadLetterState:
    """Let what failed go."""
    _decide("discard", letter_id, now=datetime.now(UTC))
    return DeadLetterState(id=letter_id, state="discarded")


@queues.route("POST", f"{_DEAD_LETTER}/confirm", scope=Scope.ADMIN, answers={HTTPStatus.OK: DeadLetterState})
def post_confirm(letter_id: str) -> DeadLetterState:
    """Say that an uncertain delivery did arrive."""
    _decide("confirm", letter_id, now=datetime.now(UTC))
    return DeadLetterState(id=letter_id, state="sent")


def _decide(action: str, letter_id: str, *, now: datetime) -> str:
    """Take the decision and return the letter's kind. Raises ProblemError 404 where there is nothing to decide."""
    kind, row_id = found.groups() if (found := _LETTER_ID.fullmatch(letter_id)) else ("", "")
    decide = _DECISIONS.get((kind, action))
    with services().database.write() as connection:
        if decide is None or not decide(connection, int(row_id), actor=current_principal().name, now=now):
            raise not_found(f"dead letter {letter_id}")
    return kind
