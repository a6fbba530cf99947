"""The calls by which a worker claims a delivery, says that it begins to send, and how that ended."""

import time
from functools import partial

from viral_contract.client.connection import ApiConnection
from viral_contract.models.deliveries import (
    Content,
    DeliveryBegun,
    DeliveryClaimed,
    DeliveryHeld,
    DeliveryIntent,
    DeliveryResult,
)
from viral_runtime.work.lease import Lease


class ClaimsApi(ApiConnection):
    """The metrics API as this worker uses it; a delivery that is not held is ApiProblemError `not_held`."""

    def claim(self, delivery_id: int) -> DeliveryClaimed:
        """Take a waiting delivery for the length of a lease."""
        return self._call("POST", f"/internal/deliveries/{delivery_id}/claim", DeliveryClaimed)

    def tell_intent(self, claim: DeliveryClaimed, content: Content) -> DeliveryBegun:
        """Say that from now on the recipient may get the message, and what it says."""
        body = DeliveryIntent(token=claim.token, content=content).model_dump()
        return self._call("POST", f"/internal/deliveries/{claim.delivery_id}/intent", DeliveryBegun, json=body)

    def hand_in(self, claim: DeliveryClaimed, result: DeliveryResult) -> DeliveryHeld:
        """Say how the attempt ended."""
        body = result.model_dump(mode="json")
        return self._call("POST", f"/internal/deliveries/{claim.delivery_id}/result", DeliveryHeld, json=body)


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
