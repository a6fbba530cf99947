"""What the API is asked about subscriptions, suppressed addresses and the links that end subscriptions."""

from collections.abc import Sequence
from urllib.parse import quote

from viral_contract.client.connection import ApiConnection, QueryValue
from viral_contract.models.subscriptions import (
    ScheduledType,
    Subscribed,
    SubscriptionsAnswer,
    SuppressionsAnswer,
    Unsubscription,
)


class RecipientsApi(ApiConnection):
    """Who gets the scheduled reports, and who gets nothing any more."""

    def fetch_subscriptions(self, **query: QueryValue) -> SubscriptionsAnswer:
        """Who gets the weekly and the monthly report, by address."""
        return self._call("GET", "/v1/subscriptions", SubscriptionsAnswer, params=query)

    def save_subscriptions(self, emails: Sequence[str], report_type: ScheduledType) -> Subscribed:
        """Send each report of a type to these addresses from now on."""
        body = {"recipient_emails": list(emails), "report_type": report_type}
        return self._call("POST", "/v1/subscriptions", Subscribed, json=body)

    def delete_subscription(self, subscription_id: int) -> None:
        """End one subscription. Raises ApiProblemError with status 404 when it has ended."""
        self._send("DELETE", f"/v1/subscriptions/{subscription_id}")

    def fetch_suppressions(self, **query: QueryValue) -> SuppressionsAnswer:
        """Which addresses get nothing any more, and why."""
        return self._call("GET", "/v1/suppressions", SuppressionsAnswer, params=query)

    def delete_suppression(self, email: str) -> None:
        """Let an address get email again. Raises ApiProblemError with status 404 when it does."""
        self._send("DELETE", f"/v1/suppressions/{quote(email, safe='')}")

    def fetch_unsubscription(self, token: str) -> Unsubscription:
        """Whose subscriptions a link would end. Raises ApiProblemError with status 404 when it is no link of ours."""
        return self._call("GET", f"/v1/unsubscriptions/{quote(token, safe='')}", Unsubscription)

    def unsubscribe(self, token: str) -> Unsubscription:
        """End everything that the address of a link gets. Raises ApiProblemError 422 when it is no link of ours."""
        return self._call("POST", "/v1/unsubscriptions", Unsubscription, json={"token": token})
