"""Shows the queues, and what to do with dead letters."""

from datetime import UTC, datetime
from http import HTTPStatus

from metrics_api.api.authentication import current_principal
from metrics_api.api.problems import not_found
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.api.services import services
from metrics_api.reports.dead_letters import (
    PREFIX,
    discard_dead_letter,
    fetch_dead_letters,
    fetch_queues,
    retry_dead_letter,
)
from metrics_api.reports.poking import poke_due_runs
from viral_engine.contract.people import Scope
from viral_engine.contract.queues import DeadLetterState, QueuesAnswer
from viral_engine.queues import QueueName, open_queue

queues = Resource("queues")
_DEAD_LETTER = f"/v1/dead-letters/{PREFIX}<{ROW_ID}:run_id>"


@queues.route("GET", "/v1/queues", scope=Scope.ADMIN, answers={HTTPStatus.OK: QueuesAnswer})
def get_queues() -> QueuesAnswer:
    """Every queue, and what failed for good."""
    waiting_jobs = {name: open_queue(services().redis, name).count for name in QueueName}
    with services().database.read() as connection:
        return QueuesAnswer(queues=fetch_queues(connection, waiting_jobs), dead_letters=fetch_dead_letters(connection))


@queues.route("POST", f"{_DEAD_LETTER}/retry", scope=Scope.ADMIN, answers={HTTPStatus.OK: DeadLetterState})
def post_retry(run_id: int) -> DeadLetterState:
    """Try what failed again from the start."""
    now = datetime.now(UTC)
    with services().database.write() as connection:
        if not retry_dead_letter(connection, run_id, actor=current_principal().name, now=now):
            raise not_found(f"dead letter {PREFIX}{run_id}")
    poke_due_runs(services().database, services().redis, services().queues, now=now)
    return DeadLetterState(id=f"{PREFIX}{run_id}", state="queued")


@queues.route("POST", f"{_DEAD_LETTER}/discard", scope=Scope.ADMIN, answers={HTTPStatus.OK: DeadLetterState})
def post_discard(run_id: int) -> DeadLetterState:
    """Let what failed go."""
    with services().database.write() as connection:
        if not discard_dead_letter(connection, run_id, actor=current_principal().name, now=datetime.now(UTC)):
            raise not_found(f"dead letter {PREFIX}{run_id}")
    return DeadLetterState(id=f"{PREFIX}{run_id}", state="discarded")
