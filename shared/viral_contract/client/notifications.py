"""Calls for notification rules."""

from viral_contract.client.connection import ApiConnection, QueryValue
from viral_contract.models.notifications import (
    MessageAsked,
    NotificationRule,
    RuleRequest,
    RulesAnswer,
    SavedRule,
    SigningSecret,
)

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
