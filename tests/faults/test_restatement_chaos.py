"""Restatements while report and email workers are killed, Redis forgets everything and PostgreSQL restarts."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, text

from tests.support.builders import build_event, build_link
from tests.support.chaos_stack import END_SECONDS, Stack, chaos_stack
from tests.support.waiting import wait_until
from tests.support.worker_processes import RealProcess, running

pytestmark = pytest.mark.slow
WORKERS = 4
REPORTS = 5
RECIPIENTS = 6
KILLS = 40
# A run has three attempts.
REPORT_KILLS = frozenset({2, 12})
FLUSH_AT, RESTART_AT = 6, 16
YESTERDAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
_PAUSE_SECONDS = 0.3
_PENDING = text("""
    SELECT count(*) FROM report_runs AS first
    WHERE restates IS NULL AND NOT EXISTS (SELECT FROM report_runs WHERE restates = first.id AND status = 'ready')
""")
_RESTATING = text("""
    SELECT report_id, deliveries.id, recipient, message_id, deliveries.status
    FROM deliveries JOIN delivery_requests AS request ON request.id = request_id
        JOIN report_runs ON report_runs.id = report_id
    WHERE restates IS NOT NULL ORDER BY deliveries.id
""")


def name_recipients(number: int) -> list[str]:
    """Those who get one of the first reports."""
    return [f"person{number}-{one}@school.example" for one in range(RECIPIENTS)]


def post_day(stack: Stack) -> None:
    """An invite and the conversion that it brought."""
    link = build_link("link-1", referrer_id="maria", inserted_at=YESTERDAY.isoformat())
    stack.http.post("/v1/links", json={"items": [link]}).raise_for_status()
    post_conversion(stack)


def post_conversion(stack: Stack) -> None:
    """A conversion of yesterday."""
    event = build_event("conversion", at=YESTERDAY, link_id="link-1", referrer_id="maria")
    stack.http.post("/v1/events", json={"events": [event]}).raise_for_status()


def mail_first_reports(stack: Stack) -> None:
    """Reports on different dates up to yesterday, mailed while nothing breaks."""
    for number in range(REPORTS):
        start: date = YESTERDAY.date() - timedelta(days=number)
        period = {"period_start": str(start), "period_end": str(YESTERDAY.date())}
        body = {"report_type": "custom", "recipient_emails": name_recipients(number), **period}
        stack.http.post("/v1/reports", json=body).raise_for_status()
    with start_report_worker(stack):
        wait_until(lambda: len(stack.mail.taken) == REPORTS * RECIPIENTS, "the reports are mailed", seconds=END_SECONDS)
    wait_until(lambda: not stack.count_unfinished(), "it is known that they are", seconds=END_SECONDS)


def start_report_worker(stack: Stack) -> AbstractContextManager[RealProcess]:
    """A worker that writes reports."""
    return running("report_worker", "work", "performance_reports", **stack.report_worker)


def count_pending(stack: Stack) -> int:
    """The first reports whose restatement is not ready."""
    with stack.engine.connect() as connection:
        count: int = connection.execute(_PENDING).scalar_one()
        return count


def read_restating(stack: Stack) -> Sequence[Row[Any]]:
    """The emails of restatements."""
    with stack.engine.connect() as connection:
        return connection.execute(_RESTATING).all()


def restate_in_chaos(stack: Stack, chance: random.Random) -> None:
    """Let the reports be restated and mailed while workers die, until nothing is left to do."""
    with stack.engine.begin() as connection:
        connection.execute(text("UPDATE report_runs SET checked_at = checked_at - interval '2 hours'"))
    with ExitStack() as opened:
        worker = opened.enter_context(start_report_worker(stack))
        for kill in range(KILLS):
            if kill in REPORT_KILLS:
                worker.kill()
                worker = opened.enter_context(start_report_worker(stack))
            if kill == FLUSH_AT:
                stack.redis.flushall()
            if kill == RESTART_AT:
                stack.restart_database()
            stack.kill_a_worker(chance)
            time.sleep(_PAUSE_SECONDS)
        wait_until(lambda: not count_pending(stack), "every report is restated", seconds=END_SECONDS)
        wait_until(lambda: not stack.count_unfinished(), "no email is stuck", seconds=END_SECONDS)


def decide_uncertain(stack: Stack) -> int:
    """Send again what did not arrive, as a person does who asked the recipients; returns how many that were."""
    taken = stack.mail.count_by_id()
    lost = [
        row.id for row in read_restating(stack) if row.status in ("uncertain", "dead") and not taken[row.message_id]
    ]
    for delivery_id in lost:
        stack.http.post(f"/v1/dead-letters/delivery-{delivery_id}/retry").raise_for_status()
    wait_until(lambda: not stack.count_unfinished(), "what was retried has ended", seconds=END_SECONDS)
    return len(lost)


def test_a_restatement_reaches_each_first_recipient_once(tmp_path: Path) -> None:
    chance = random.Random(17)
    settings = {"RESTATE_AFTER_SECONDS": "0", "REPORT_LEASE_SECONDS": "6"}
    with chaos_stack(tmp_path, WORKERS, **settings) as stack:
        stack.mail.delays.extend(chance.uniform(0, 0.1) for _ in range(1000))
        post_day(stack)
        mail_first_reports(stack)
        post_conversion(stack)
        restate_in_chaos(stack, chance)
        retried = decide_uncertain(stack)
        restating, taken = read_restating(stack), stack.mail.taken
    print(f"{dict(Counter(row.status for row in restating))}, {retried} sent again by a person")
    everyone = Counter(recipient for number in range(REPORTS) for recipient in name_recipients(number))
    assert len({row.report_id for row in restating}) == REPORTS
    assert Counter(row.recipient for row in restating) == everyone
    restated = [mail for mail in taken if str(mail.message["subject"]).startswith("Restated: ")]
    assert Counter(recipient for mail in restated for recipient in mail.recipients) == everyone
