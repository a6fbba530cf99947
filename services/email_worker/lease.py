"""Holding a delivery: what is said about it is repeated while the API is away, until the lease ends."""

import time
from collections.abc import Callable
from functools import partial

from email_worker.claims_api import ClaimsApi
from viral_contract.models.deliveries import Content, DeliveryClaimed, DeliveryHeld, DeliveryResult
from viral_runtime.work.lease import RETRY_SECONDS, Answer, LeaseLostError, repeat_while_held


class HeldDelivery:
    """A delivery that this worker claimed just now."""

    def __init__(self, api: ClaimsApi, claim: DeliveryClaimed) -> None:
        self._api = api
        self._claim = claim
        self._held_until = time.monotonic() + claim.lease_seconds
        self.may_be_sent = False

    def tell_intent(self, content: Content) -> None:
        """Say, before it happens, what is sent, which is held for longer. Raises LeaseLostError when it must not be."""
        asked_at = time.monotonic()
        begun = self._repeat(partial(self._api.tell_intent, self._claim, content))
        self._held_until = max(self._held_until, asked_at + begun.lease_seconds)
        self.may_be_sent = True

    def hand_in(self, result: DeliveryResult) -> DeliveryHeld:
        """Say how it ended. A late word counts too, so it is said once even after the lease.

        Raises LeaseLostError when nobody listens.
        """
        return self._repeat(partial(self._api.hand_in, self._claim, result))

    def _repeat(self, send: Callable[[], Answer]) -> Answer:
        return repeat_while_held(send, self._pause)

    def _pause(self) -> None:
        if time.monotonic() >= self._held_until:
            raise LeaseLostError
        time.sleep(RETRY_SECONDS)
