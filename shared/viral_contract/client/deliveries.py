"""What the API is asked about deliveries, and about the queues with what stands in them for good."""

from collections.abc import Sequence

from viral_contract.client.connection import ApiConnection, QueryValue
from viral_contract.models.deliveries import DeliveriesAnswer, RenderedDelivery
from viral_contract.models.queues import DeadLetterState, QueuesAnswer


class DeliveriesApi(ApiConnection):
    """Sending reports, and work that waits for a person."""

    def deliver_report(self, report_id: int, recipients: Sequence[str]) -> DeliveriesAnswer:
        """Mail a report; the same report and recipients within 60 seconds are the same deliveries.

        Raises ApiProblemError with status 422 and one error for each recipient that is no address.
        """
        body = {"recipient_emails": list(recipients)}
        return self._call("POST", f"/v1/reports/{report_id}/deliveries", DeliveriesAnswer, json=body)

    def fetch_deliveries(self, report_id: int, **query: QueryValue) -> DeliveriesAnswer:
        """A report's recipients, the newest request first."""
        return self._call("GET", f"/v1/reports/{report_id}/deliveries", DeliveriesAnswer, params=query)

    def fetch_delivery(self, report_id: int, delivery_id: int) -> RenderedDelivery:
        """One message with what it says, while that is kept. Raises ApiProblemError with status 404 without one."""
        return self._call("GET", f"/v1/reports/{report_id}/deliveries/{delivery_id}", RenderedDelivery)

    def fetch_queues(self, **query: QueryValue) -> QueuesAnswer:
        """Every queue, and a page of what failed for good or may have been sent."""
        return self._call("GET", "/v1/queues", QueuesAnswer, params=query)

    def retry_dead_letter(self, letter_id: str) -> DeadLetterState:
        """Try again from the start. Raises ApiProblemError with status 404 when it waits for nobody any more."""
        return self._call("POST", f"/v1/dead-letters/{letter_id}/retry", DeadLetterState)

    def discard_dead_letter(self, letter_id: str) -> DeadLetterState:
        """Let it go. Raises ApiProblemError with status 404 when it waits for nobody any more."""
        return self._call("POST", f"/v1/dead-letters/{letter_id}/discard", DeadLetterState)

    def confirm_dead_letter(self, letter_id: str) -> DeadLetterState:
        """Say that an uncertain delivery arrived. Raises ApiProblemError with status 404 when it is not uncertain."""
        return self._call("POST", f"/v1/dead-letters/{letter_id}/confirm", DeadLetterState)
