"""Calls for deliveries and their recipients: dead letters, notification rules, subscriptions and suppressions."""

from collections.abc import Sequence
from urllib.parse import quote

from viral_contract.client.connection import ApiConnection, QueryValue
from viral_contract.models.deliveries import DeliveriesAnswer, RenderedDelivery
from viral_contract.models.notifications import (
    MessageAsked,
    NotificationRule,
    RuleRequest,
    RulesAnswer,
    SavedRule,
    SigningSecret,
)
from viral_contract.models.queues import DeadLetterState, QueuesAnswer
from viral_contract.models.subscriptions import (
    ScheduledType,
    Subscribed,
    SubscriptionsAnswer,
    SuppressionsAnswer,
    Unsubscription,
)


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
        """Confirm that an unconfirmed delivery arrived. Raises ApiProblemError with status 404 if it is another one."""
        return self._call("POST", f"/v1/dead-letters/{letter_id}/confirm", DeadLetterState)


_RULES = "/v1/notification-rules"


class NotificationsApi(ApiConnection):
    """Notification rules."""

    def fetch_notification_rules(self, **query: QueryValue) -> RulesAnswer:
        """Every rule by name, with its latest message and its outcome."""
        return self._call("GET", _RULES, RulesAnswer, params=query)

    def fetch_notification_rule(self, rule_id: int) -> NotificationRule:
        """One rule. Raises ApiProblemError with status 404 if it is gone."""
        return self._call("GET", f"{_RULES}/{rule_id}", NotificationRule)

    def create_notification_rule(self, request: RuleRequest) -> SavedRule:
        """Create a rule for alerts that open from now on; only this answer has the signing secret."""
        return self._call("POST", _RULES, SavedRule, json=request.model_dump())

    def change_notification_rule(self, rule_id: int, request: RuleRequest) -> SavedRule:
        """Change a rule. Raises ApiProblemError with status 404 if it is gone."""
        return self._call("PUT", f"{_RULES}/{rule_id}", SavedRule, json=request.model_dump())

    def delete_notification_rule(self, rule_id: int) -> None:
        """Delete a rule. Raises ApiProblemError with status 404 if it is gone."""
        self._send("DELETE", f"{_RULES}/{rule_id}")

    def rotate_signing_secret(self, rule_id: int) -> SigningSecret:
        """Sign with a new secret. Raises ApiProblemError with status 409 if the rule does not sign."""
        return self._call("POST", f"{_RULES}/{rule_id}/secret", SigningSecret)

    def test_notification_rule(self, rule_id: int) -> MessageAsked:
        """Send a rule's test message."""
        return self._call("POST", f"{_RULES}/{rule_id}/test", MessageAsked)


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
