"""Notifications: rules for which severities of alerts, and which other events, go where."""

from datetime import datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StrictBool,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from viral_contract.models.alerts import AlertSeverity
from viral_contract.models.deliveries import Channel, DeliveryState, EventType
from viral_contract.models.values import CONTROL_FREE, EmailAddress, check_text

# Names appear in subject lines.
RuleName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(check_text),
    CONTROL_FREE,
]
ALERT_EVENTS: tuple[EventType, ...] = ("alert.opened", "alert.ended")
"""What people are notified of; everything else is for programs."""
_EMAIL, _URL = TypeAdapter(EmailAddress), TypeAdapter(HttpUrl)


class RuleRequest(BaseModel):
    """A rule to save; a null `target` or null `event_types` keeps the current ones if the channel stays the same."""

    model_config = ConfigDict(extra="forbid")

    name: RuleName
    severities: Annotated[list[AlertSeverity], Field(min_length=1, max_length=100)]
    channel: Channel
    target: Annotated[str, Field(max_length=2000)] | None = Field(
        None, description="An email address, or the URL of a webhook"
    )
    enabled: StrictBool = True
    event_types: Annotated[list[EventType], Field(min_length=1, max_length=100)] | None = Field(
        None,
        description="What it is about: alerts only, unless the channel is webhook; escalations count as opened",
    )

    @field_validator("severities")
    @classmethod
    def drop_repeated(cls, severities: list[AlertSeverity]) -> list[AlertSeverity]:
        """Each severity once."""
        return list(dict.fromkeys(severities))

    @field_validator("event_types")
    @classmethod
    def check_event_types(cls, event_types: list[EventType] | None, info: ValidationInfo) -> list[EventType] | None:
        """Each type once; refuse what the channel does not carry."""
        if event_types is None:
            return None
        if info.data.get("channel") != "webhook" and not set(event_types) <= set(ALERT_EVENTS):
            raise ValueError(f"email and slack carry {' and '.join(ALERT_EVENTS)} only; use the channel webhook")
        return list(dict.fromkeys(event_types))

    @field_validator("target")
    @classmethod
    def check_target(cls, target: str | None, info: ValidationInfo) -> str | None:
        """Refuse what the channel cannot reach."""
        if target is None or "channel" not in info.data:
            return target
        return parse_email(target) if info.data["channel"] == "email" else parse_url(target)


def parse_email(given: str) -> str:
    """The address. Raises ValueError if it is invalid."""
    try:
        return _EMAIL.validate_python(given)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from error


def parse_url(given: str) -> str:
    """The URL in a form that every program parses the same way. Raises ValueError if it is not a webhook's."""
    try:
        url = _URL.validate_python(given)
    except ValidationError as error:
        raise ValueError("must be a URL such as https://hooks.example.com/alerts") from error
    if url.username or url.password:
        raise ValueError("must not contain a user name or password")
    return str(url)


class LastMessage(BaseModel):
    """The latest message of a rule, and its delivery."""

    at: datetime
    is_test: bool
    news: int = Field(description="Number of alert updates in it")
    status: DeliveryState
    reason: str | None


class NotificationRule(BaseModel):
    """A notification rule: severities and target."""

    id: int
    name: str
    severities: list[AlertSeverity]
    channel: Channel
    target: str = Field(description="An email address in full; of a URL, which is a secret, only the host")
    enabled: bool
    event_types: list[EventType] = Field(default_factory=lambda: list(ALERT_EVENTS))
    switched_on: bool = Field(description="Whether the flag alert_notifications is on for this rule")
    created_by: str
    created_at: datetime
    waiting: int = Field(description="Alert updates waiting for the next digest")
    last_message: LastMessage | None


class SavedRule(NotificationRule):
    """A saved rule."""

    secret: str | None = Field(description="Signs the rule's webhooks; returned once, on creation")


class RulesAnswer(BaseModel):
    """All rules, by name."""

    rules: list[NotificationRule]
    total_rules: int
    switched_on: bool = Field(description="Whether the flag alert_notifications is on for new rules")
    next_cursor: str | None


class SigningSecret(BaseModel):
    """A new secret that signs a rule's webhooks and replaces the old one."""

    secret: str


class MessageAsked(BaseModel):
    """The requested test message."""

    request_id: int
