"""Two hundred emails while workers are killed all the time, Redis forgets everything and PostgreSQL restarts."""

import random
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.chaos_stack import END_SECONDS, Stack, chaos_stack
from tests.support.delivery_rows import save_ready_report
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow
WORKERS = 10
KILLS = 150
FLUSH_AT, RESTART_AT = 60, 100
EMAILS = 200
A_REQUEST = 10
_PAUSE_SECONDS = 0.4
_KILLS_A_REQUEST = 7
_LONGEST_REPLY_SECONDS = 0.1


def ask(stack: Stack, number: int, report_id: int) -> None:
    """Ask until the answer comes; the same question again is the same deliveries."""
    body = {"recipient_emails": [f"person{number}-{one}@school.example" for one in range(A_REQUEST)]}

    def is_asked() -> bool:
        with suppress(httpx.TransportError):
            return stack.http.post(f"/v1/reports/{report_id}/deliveries", json=body).is_success
        return False

    wait_until(is_asked, "the API answers", seconds=END_SECONDS)


def wreck(stack: Stack, chance: random.Random) -> int:
    """Ask for emails bit by bit, so that there is always something to break, and break it.

    Returns how many of the workers were at work when they were killed.
    """
    busy = 0
    with stack.engine.begin() as connection:
        reports = [save_ready_report(connection) for _ in range(EMAILS // A_REQUEST)]
    for kill in range(KILLS):
        if kill % _KILLS_A_REQUEST == 0 and reports:
            ask(stack, len(reports), reports.pop())
        if kill == FLUSH_AT:
            stack.redis.flushall()
        if kill == RESTART_AT:
            stack.restart_database()
        busy += stack.kill_a_worker(chance)
        time.sleep(_PAUSE_SECONDS)
    return busy


def test_14_no_email_is_lost_silently_and_none_is_sent_twice(tmp_path: Path) -> None:
    chance = random.Random(14)
    with chaos_stack(tmp_path, WORKERS) as running_stack:
        mail = running_stack.mail
        mail.delays.extend(chance.uniform(0, _LONGEST_REPLY_SECONDS) for _ in range(10 * EMAILS))
        began = time.monotonic()
        busy = wreck(running_stack, chance)
        wait_until(lambda: not running_stack.count_unfinished(), "no email is stuck", seconds=END_SECONDS)
        ends, taken = running_stack.read_ends(), mail.count_by_id()
    found = Counter(ends.values())
    held_and_taken = sum(1 for message_id, status in ends.items() if status == "uncertain" and taken[message_id])
    seconds = time.monotonic() - began
    print(f"{dict(found)}, {held_and_taken} of the uncertain ones had arrived; {busy} kills at work, {seconds:.0f} s")
    assert found["sent"] + found["uncertain"] + found["dead"] == len(ends) == EMAILS
    assert max(taken.values()) == 1
    assert [message_id for message_id, status in ends.items() if status == "sent" and not taken[message_id]] == []
    assert [message_id for message_id, status in ends.items() if status == "dead" and taken[message_id]] == []
    assert found["sent"] > EMAILS / 2
