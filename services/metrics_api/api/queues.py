"""The queues, and decisions about dead letters."""

import re
from datetime import UTC, datetime
from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.enqueue import enqueue
from metrics_api.api.problems import not_found
from metrics_api.api.queries import ListQuery, read_page, split_page
from metrics_api.api.routing import Resource
from metrics_api.batches.ledger import fetch_all_unfinished
from metrics_api.ledgers import KINDS, LEDGERS
from metrics_api.work.counts import fetch_queues
from metrics_api.work.dead_letters import CURSOR, fetch_dead_letters
from metrics_api.work.kinds import Kind
from viral_contract.models.people import Scope
from viral_contract.models.queues import DeadLetterState, QueuesAnswer

queues = Resource("queues")
_DEAD_LETTER = "/v1/dead-letters/<letter_id>"
_LEDGER_OF = {ledger.kind.name: ledger for ledger in LEDGERS}
_LETTER_ID = re.compile(r"([a-z]+)-([0-9]{1,18})")


@queues.route("GET", "/v1/queues", scope=Scope.ADMIN, answers={HTTPStatus.OK: QueuesAnswer})
def get_queues(query: ListQuery, connection: Connection) -> QueuesAnswer:
    """List queues, background jobs in progress, and dead letters, page by page."""
    page = read_page(query, CURSOR)
    letters = fetch_dead_letters(connection, LEDGERS, page)
    shown, next_cursor = split_page(page, CURSOR, letters, "failed_at", "id")
    return QueuesAnswer(
        queues=fetch_queues(connection, current_context().redis, KINDS, now=datetime.now(UTC)),
        dead_letters=shown,
        next_cursor=next_cursor,
        batches=fetch_all_unfinished(connection),
    )


@queues.route("POST", f"{_DEAD_LETTER}/retry", scope=Scope.ADMIN, answers={HTTPStatus.OK: DeadLetterState})
def post_retry(letter_id: str) -> DeadLetterState:
    """Retry a dead letter from the start; an unconfirmed email is sent again."""
    enqueue(_decide("retry", letter_id, now=datetime.now(UTC)))
    return DeadLetterState(id=letter_id, state="queued")


@queues.route("POST", f"{_DEAD_LETTER}/discard", scope=Scope.ADMIN, answers={HTTPStatus.OK: DeadLetterState})
def post_discard(letter_id: str) -> DeadLetterState:
    """Discard a dead letter."""
    _decide("discard", letter_id, now=datetime.now(UTC))
    return DeadLetterState(id=letter_id, state="discarded")


@queues.route("POST", f"{_DEAD_LETTER}/confirm", scope=Scope.ADMIN, answers={HTTPStatus.OK: DeadLetterState})
def post_confirm(letter_id: str) -> DeadLetterState:
    """Confirm that an unconfirmed delivery arrived."""
    _decide("confirm", letter_id, now=datetime.now(UTC))
    return DeadLetterState(id=letter_id, state="sent")


def _decide(action: str, letter_id: str, *, now: datetime) -> Kind:
    """Apply the decision and return the letter's kind. Raises ProblemError 404 if it needs no decision."""
    named = _LETTER_ID.fullmatch(letter_id)
    ledger = named and _LEDGER_OF.get(named[1])
    decide = ledger and ledger.decisions.get(action)
    with current_context().database.write() as connection:
        if not (named and ledger and decide) or not decide(
            connection, int(named[2]), actor=current_principal().name, now=now
        ):
            raise not_found(f"dead letter {letter_id}")
    return ledger.kind
