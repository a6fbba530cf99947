"""The calls by which a worker claims a delivery, says that it begins to send, and how that ended."""

from viral_contract.client.connection import ApiConnection
from viral_contract.models.deliveries import (
    Content,
    DeliveryBegun,
    DeliveryClaimed,
    DeliveryHeld,
    DeliveryIntent,
    DeliveryResult,
)


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
