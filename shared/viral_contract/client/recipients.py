"""Calls for subscriptions, suppressed addresses and unsubscribe links."""

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
    """Subscriptions to scheduled reports, and suppressed addresses."""

    def fetch_subscriptions(self, **query: QueryValue) -> SubscriptionsAnswer:
        """Subscriptions to the weekly and monthly reports, by address."""
        return self._call("GET", "/v1/subscriptions", SubscriptionsAnswer, params=query)

    def save_subscriptions(self, emails: Sequence[str], report_type: ScheduledType) -> Subscribed:
        """Subscribe these addresses to a type of report."""
        body = {"recipient_emails": list(emails), "report_type": report_type}
        return self._call("POST", "/v1/subscriptions", Subscribed, json=body)

    def delete_subscription(self, subscription_id: int) -> None:
        """Delete a subscription. Raises ApiProblemError with status 404 if it is gone."""
        self._send("DELETE", f"/v1/subscriptions/{subscription_id}")

    def fetch_suppressions(self, **query: QueryValue) -> SuppressionsAnswer:
        """Suppressed addresses, with reasons."""
        return self._call("GET", "/v1/suppressions", SuppressionsAnswer, params=query)

    def delete_suppression(self, email: str) -> None:
        """Allow an address again. Raises ApiProblemError with status 404 if it is not suppressed."""
        self._send("DELETE", f"/v1/suppressions/{quote(email, safe='')}")

    def fetch_unsubscription(self, token: str) -> Unsubscription:
        """The subscriptions that a link would end. Raises ApiProblemError with status 404 if the link is invalid."""
        return self._call("GET", f"/v1/unsubscriptions/{quote(token, safe='')}", Unsubscription)

    def unsubscribe(self, token: str) -> Unsubscription:
        """End all subscriptions of a link's address. Raises ApiProblemError 422 if the link is invalid."""
        return self._call("POST", "/v1/unsubscriptions", Unsubscription, json={"token": token})
