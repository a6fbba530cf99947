"""The timings that docs/email-integration-design.md promises; tests of faults shorten them."""

import pytest
from pydantic import ValidationError

from email_worker.settings import EmailSettings, WebhookSettings
from metrics_api.deliveries.requests import MAX_ATTEMPTS
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.queues import QueueSettings
from viral_runtime.work.queues import JOB_TIMEOUT_SECONDS, LAST_WORD_SECONDS, JobName


def test_the_defaults_are_those_of_the_document() -> None:
    deliveries, queues = DeliverySettings(), QueueSettings()
    assert (deliveries.delivery_lease_seconds, deliveries.sending_lease_seconds) == (60, 900)
    assert (queues.backoff_base_seconds, queues.repoke_seconds, queues.reconcile_seconds) == (15, 30, 10)
    assert queues.delivery_waits_seconds == [60, 240, 600, 2700]
    assert (EmailSettings().smtp_timeout_seconds, WebhookSettings().webhook_timeout_seconds) == (20, 10)
    assert (MAX_ATTEMPTS, deliveries.delivery_prune_days) == (5, 7)


@pytest.mark.parametrize(
    "minutes", ["", "1", "1, 5, 15", "1, 5, 15, 60, 90", "5, 1, 15, 60", "-1, 5, 15, 60", "1, 5, x, 60"]
)
def test_retries_that_are_not_four_rising_numbers_are_refused_at_start(minutes: str) -> None:
    with pytest.raises(ValidationError, match="4 rising numbers"):
        QueueSettings(delivery_retry_minutes=minutes)


@pytest.mark.parametrize("minutes", ["nan, nan, nan, nan", "1, 5, 15, inf"])
def test_retries_at_no_time_are_refused_at_start(minutes: str) -> None:
    with pytest.raises(ValidationError, match="4 rising numbers"):
        QueueSettings(delivery_retry_minutes=minutes)


def test_a_worker_has_an_answer_before_it_is_stopped_and_is_stopped_before_its_lease_is_over() -> None:
    job = JOB_TIMEOUT_SECONDS[JobName.SEND_EMAIL]
    assert JOB_TIMEOUT_SECONDS[JobName.POST_WEBHOOK] == job
    assert EmailSettings().smtp_timeout_seconds < job < DeliverySettings().delivery_lease_seconds
    assert WebhookSettings().webhook_timeout_seconds < job


def test_a_worker_that_knows_how_it_ended_is_not_killed_before_nobody_listens_any_more() -> None:
    kept = DeliverySettings().sending_lease_seconds
    assert all(LAST_WORD_SECONDS[job] >= kept for job in (JobName.SEND_EMAIL, JobName.POST_WEBHOOK))
