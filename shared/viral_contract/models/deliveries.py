"""Deliveries of reports and notifications, and their outcomes."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from viral_contract.models.alerts import AlertSeverity, AlertType
from viral_contract.models.content import ScannedKind
from viral_contract.models.jobs import ErrorText, Held
from viral_contract.models.reports import Report
from viral_contract.models.values import STORABLE, EmailAddress

DeliveryKind = Literal["email", "webhook"]
DeliveryState = Literal["queued", "sending", "sent", "uncertain", "failed", "placeholder", "suppressed", "cancelled"]
Outcome = Literal["sent", "refused", "failed", "uncertain", "placeholder"]
AlertEventKind = Literal["opened", "escalated", "ended"]
Channel = Literal["email", "slack", "webhook"]
EventType = Literal[
    "alert.opened",
    "alert.ended",
    "case.opened",
    "case.decided",
    "conversion.not_credible",
    "report.ready",
    "report.restated",
]
MOST_RECIPIENTS = 100


class DeliveriesRequest(BaseModel):
    """Recipients of a report; duplicates get it once."""

    model_config = ConfigDict(extra="forbid")

    recipient_emails: Annotated[list[EmailAddress], Field(min_length=1, max_length=MOST_RECIPIENTS)]


class Delivery(BaseModel):
    """One message to one recipient."""

    id: int
    recipient_email: str
    status: DeliveryState
    attempt: int
    max_attempts: int
    created_at: datetime
    sent_at: datetime | None
    next_attempt_at: datetime | None = Field(description="Time of the next attempt; null once it has ended")
    reason: str | None = Field(description="Why the last attempt failed, or why nothing is known of it")
    discarded_at: datetime | None = Field(None, description="When someone discarded it")
    has_content: bool = Field(False, description="Whether what was rendered for the recipient is still kept")


class DeliveriesAnswer(BaseModel):
    """The deliveries of a report, newest request first."""

    deliveries: list[Delivery]
    email_enabled: bool = Field(
        description="Whether a delivery of this report requested now is sent; if not, it becomes a placeholder"
    )
    next_cursor: str | None = None


class Content(BaseModel):
    """Rendered content: an email's parts, or a webhook's body as `text`."""

    model_config = ConfigDict(extra="forbid")

    subject: Annotated[str, Field(max_length=500), STORABLE]
    html: Annotated[str, Field(max_length=2_000_000), STORABLE] | None = None
    text: Annotated[str, Field(max_length=1_000_000), STORABLE]


class RenderedDelivery(Delivery):
    """One message with its content."""

    content: Content | None = Field(description="Null before it is rendered, and DELIVERY_PRUNE_DAYS after it ended")


class AlertEvent(BaseModel):
    """One notification about one alert."""

    alert_id: int
    event: AlertEventKind
    type: AlertType
    severity: AlertSeverity
    message: str
    count: float
    at: datetime
    url: str = Field(description="Dashboard URL of the alert")


class Notification(BaseModel):
    """Content of one message: a single notification or a digest of several."""

    rule: str
    channel: Channel
    news: Annotated[list[AlertEvent], Field(min_length=1)]
    is_test: bool = Field(False, description="Sent by an admin to test the rule, with sample data")


class WebhookEvent(BaseModel):
    """Something that happened, as a webhook is called about it; the data names no person."""

    type: EventType
    timestamp: datetime
    data: dict[str, JsonValue]


class Takedown(BaseModel):
    """An item that violates the children's privacy rule, for the app to hide."""

    content_kind: ScannedKind
    content_id: str
    types: list[str] = Field(description="Types of its violations")
    found_at: datetime


class DeliveryClaimed(BaseModel):
    """A delivery that this worker holds until its lease ends; `token` proves it.

    Exactly one of `report`, `notification`, `takedown` and `event` is set.
    """

    delivery_id: int
    token: int
    attempt: int
    kind: DeliveryKind
    recipient: str
    is_placeholder: bool
    message_id: str
    lease_seconds: float
    unsubscribe_url: str | None
    signing_secret: str | None = Field(description="Signs a webhook's body")
    report: Report | None
    report_url: str | None
    notification: Notification | None
    takedown: Takedown | None = None
    event: WebhookEvent | None = None


class DeliveryIntent(Held):
    """The message is about to be sent; its content may already be kept."""

    content: Content | None = None


class DeliveryResult(Held):
    """Outcome of an attempt.

    `refused`: the server did not accept the message now, so it may be retried; `failed`: it never will;
    `uncertain`: the outcome is unknown; `placeholder`: nothing was to be sent.
    """

    outcome: Outcome
    reply: Annotated[str, Field(max_length=2000), STORABLE] | None = None
    error: ErrorText | None = None
    content: Content | None = None

    @model_validator(mode="after")
    def check_reason(self) -> Self:
        """Refuse an outcome that is neither a success nor explained."""
        if self.outcome in ("refused", "failed", "uncertain") and not self.error:
            raise ValueError(f"give the error of an attempt that ended as {self.outcome}")
        return self


class DeliveryHeld(BaseModel):
    """State of the delivery after the call."""

    status: DeliveryState


class DeliveryBegun(DeliveryHeld):
    """The worker may send the message."""

    lease_seconds: float = Field(
        0, description="Seconds for which it holds the delivery from now on, to report the outcome"
    )
