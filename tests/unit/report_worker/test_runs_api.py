"""Holding a run while the API comes and goes."""

import threading
import time
from collections.abc import Callable

import pytest

from report_worker.runs_api import RenewedLease
from viral_contract.client.metrics_api import ApiProblemError, ApiUnreachableError
from viral_runtime.work.lease import LeaseLostError

NOT_HELD = ApiProblemError(409, "not_held", "gone")
AWAY = ApiUnreachableError("away")
DOWN = ApiProblemError(503, "store_down", "down")


def failing(*errors: Exception) -> Callable[[], str]:
    """A call that raises these errors, one a time, and then succeeds."""
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


def call_for_ever(lease: RenewedLease) -> None:
    while True:
        lease.call(failing())


@pytest.mark.parametrize("errors", [[], [AWAY], [DOWN, AWAY]])
def test_a_call_is_repeated_while_the_api_is_away(errors: list[Exception]) -> None:
    with RenewedLease(lambda: None, 10) as lease:
        assert lease.call(failing(*errors)) == "done"


def test_a_call_ends_with_the_lease() -> None:
    began = time.monotonic()
    with RenewedLease(failing(*[AWAY] * 100), 0.6) as lease, pytest.raises(LeaseLostError):
        lease.call(failing(*[AWAY] * 100))
    assert time.monotonic() - began < 3


def test_a_run_that_is_not_held_is_lost() -> None:
    with RenewedLease(lambda: None, 10) as lease, pytest.raises(LeaseLostError):
        lease.call(failing(NOT_HELD))


def test_a_refusal_is_no_reason_to_repeat() -> None:
    refused = ApiProblemError(422, "invalid", "bad")
    with RenewedLease(lambda: None, 10) as lease, pytest.raises(ApiProblemError):
        lease.call(failing(refused))


def test_it_is_renewed_three_times_a_lease() -> None:
    renewed = threading.Semaphore(0)
    with RenewedLease(renewed.release, 0.6) as lease:
        for _ in range(6):
            assert renewed.acquire(timeout=5)
        assert lease.call(failing()) == "done"


def test_a_renewal_that_is_refused_loses_the_run_at_once() -> None:
    refused = threading.Event()

    def renew() -> None:
        refused.set()
        raise NOT_HELD

    with RenewedLease(renew, 3) as lease:
        assert refused.wait(5)
        with pytest.raises(LeaseLostError):
            call_for_ever(lease)


def test_nothing_is_renewed_after_the_end() -> None:
    renewed = threading.Semaphore(0)
    with RenewedLease(renewed.release, 0.3):
        assert renewed.acquire(timeout=5)
    while renewed.acquire(timeout=0.5):
        pass
    assert not renewed.acquire(timeout=0.5)
