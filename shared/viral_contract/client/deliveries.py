"""Calls for deliveries, queues and dead letters."""

from collections.abc import Sequence

from viral_contract.client.connection import ApiConnection, QueryValue
from viral_contract.models.deliveries import DeliveriesAnswer, RenderedDelivery
from viral_contract.models.queues import DeadLetterState, QueuesAnswer


class DeliveriesApi(ApiConnection):
    """Sending reports, and work that needs attention."""

    def deliver_report(self, report_id: int, recipients: Sequence[str]) -> DeliveriesAnswer:
        """Email a report; the same report and recipients within 60 seconds return the same deliveries.

        Raises ApiProblemError with status 422 and one error per invalid recipient.
        """
        body = {"recipient_emails": list(recipients)}
        return self._call("POST", f"/v1/reports/{report_id}/deliveries", DeliveriesAnswer, json=body)

    def fetch_deliveries(self, report_id: int, **query: QueryValue) -> DeliveriesAnswer:
        """The deliveries of a report, newest request first."""
        return self._call("GET", f"/v1/reports/{report_id}/deliveries", DeliveriesAnswer, params=query)

    def fetch_delivery(self, report_id: int, delivery_id: int) -> RenderedDelivery:
        """One message with its content, while that is kept. Raises ApiProblemError with status 404 if there is none."""
        return self._call("GET", f"/v1/reports/{report_id}/deliveries/{delivery_id}", RenderedDelivery)

    def fetch_queues(self, **query: QueryValue) -> QueuesAnswer:
        """Every queue, and a page of dead letters."""
        return self._call("GET", "/v1/queues", QueuesAnswer, params=query)

    def retry_dead_letter(self, letter_id: str) -> DeadLetterState:
        """Retry from the start. Raises ApiProblemError with status 404 if it no longer needs a decision."""
        return self._call("POST", f"/v1/dead-letters/{letter_id}/retry", DeadLetterState)

    def discard_dead_letter(self, letter_id: str) -> DeadLetterState:
        """Discard it. Raises ApiProblemError with status 404 if it no longer needs a decision."""
        return self._call("POST", f"/v1/dead-letters/{letter_id}/discard", DeadLetterState)

    def confirm_dead_letter(self, letter_id: str) -> DeadLetterState:
        """Confirm that an uncertain delivery arrived. Raises ApiProblemError with status 404 if it is not uncertain."""
        return self._call("POST", f"/v1/dead-letters/{letter_id}/confirm", DeadLetterState)
