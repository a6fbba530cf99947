"""What the API is asked about notification rules."""

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
    """Who is told about alerts."""

    def fetch_notification_rules(self, **query: QueryValue) -> RulesAnswer:
        """Every rule by name, with its newest message and how that ended."""
        return self._call("GET", _RULES, RulesAnswer, params=query)

    def fetch_notification_rule(self, rule_id: int) -> NotificationRule:
        """One rule. Raises ApiProblemError with status 404 when it is gone."""
        return self._call("GET", f"{_RULES}/{rule_id}", NotificationRule)

    def create_notification_rule(self, request: RuleRequest) -> SavedRule:
        """Tell somebody about alerts that open from now on; the answer holds the signing secret, once."""
        return self._call("POST", _RULES, SavedRule, json=request.model_dump())

    def change_notification_rule(self, rule_id: int, request: RuleRequest) -> SavedRule:
        """Change a rule. Raises ApiProblemError with status 404 when it is gone."""
        return self._call("PUT", f"{_RULES}/{rule_id}", SavedRule, json=request.model_dump())

    def delete_notification_rule(self, rule_id: int) -> None:
        """Tell nobody by this rule any more. Raises ApiProblemError with status 404 when it is gone."""
        self._send("DELETE", f"{_RULES}/{rule_id}")

    def rotate_signing_secret(self, rule_id: int) -> SigningSecret:
        """Sign with a new secret. Raises ApiProblemError with status 409 for a rule that does not sign."""
        return self._call("POST", f"{_RULES}/{rule_id}/secret", SigningSecret)

    def test_notification_rule(self, rule_id: int) -> MessageAsked:
        """Send a made-up message by a rule."""
        return self._call("POST", f"{_RULES}/{rule_id}/test", MessageAsked)
