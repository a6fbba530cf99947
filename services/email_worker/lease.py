"""Holding a delivery: first its intent is told, then how it ended."""

import time
from functools import partial

from email_worker.claims_api import ClaimsApi
from viral_contract.models.deliveries import Content, DeliveryClaimed, DeliveryHeld, DeliveryResult
from viral_runtime.work.lease import Lease


class DeliveryLease:
    """A delivery that this worker claimed just now."""

    def __init__(self, api: ClaimsApi, claim: DeliveryClaimed) -> None:
        self._api = api
        self._claim = claim
        self._lease = Lease(claim.lease_seconds)
        self.may_be_sent = False

    def tell_intent(self, content: Content) -> None:
        """Say, before it happens, what is sent, which is held for longer. Raises LeaseLostError when it must not be."""
        asked_at = time.monotonic()
        begun = self._lease.call(partial(self._api.tell_intent, self._claim, content))
        self._lease.extend(begun.lease_seconds, since=asked_at)
        self.may_be_sent = True

    def hand_in(self, result: DeliveryResult) -> DeliveryHeld:
        """Say how it ended. A late word counts too, so it is said once even after the lease.

        Raises LeaseLostError when nobody listens.
        """
        return self._lease.call(partial(self._api.hand_in, self._claim, result))
