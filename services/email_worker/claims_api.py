"""The calls by which a worker claims a delivery, declares its intent to send, and reports the outcome."""

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
    """The metrics API for this worker; raises ApiProblemError `not_held` for a delivery that it does not hold."""

    def claim(self, delivery_id: int) -> DeliveryClaimed:
        """Claim a due delivery for the length of a lease."""
        return self._call("POST", f"/internal/deliveries/{delivery_id}/claim", DeliveryClaimed)

    def tell_intent(self, claim: DeliveryClaimed, content: Content) -> DeliveryBegun:
        """Declare that from now on the recipient may get the message, with its content."""
        body = DeliveryIntent(token=claim.token, content=content).model_dump()
        return self._call("POST", f"/internal/deliveries/{claim.delivery_id}/intent", DeliveryBegun, json=body)

    def hand_in(self, claim: DeliveryClaimed, result: DeliveryResult) -> DeliveryHeld:
        """Report the outcome of the attempt."""
        body = result.model_dump(mode="json")
        return self._call("POST", f"/internal/deliveries/{claim.delivery_id}/result", DeliveryHeld, json=body)


class DeliveryLease:
    """The lease of a claimed delivery."""

    def __init__(self, api: ClaimsApi, claim: DeliveryClaimed) -> None:
        self._api = api
        self._claim = claim
        self._lease = Lease(claim.lease_seconds)
        self.may_be_sent = False

    def tell_intent(self, content: Content) -> None:
        """Declare the intent before sending, which extends the lease. Raises LeaseLostError if it must not be sent."""
        asked_at = time.monotonic()
        begun = self._lease.call(partial(self._api.tell_intent, self._claim, content))
        self._lease.extend(begun.lease_seconds, since=asked_at)
        self.may_be_sent = True

    def hand_in(self, result: DeliveryResult) -> DeliveryHeld:
        """Report the outcome. A late report counts too, so it is tried once even after the lease.

        Raises LeaseLostError if the API cannot be reached.
        """
        return self._lease.call(partial(self._api.hand_in, self._claim, result))
