"""Subscriptions to scheduled reports, and suppressed addresses."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from viral_contract.models.deliveries import MOST_RECIPIENTS
from viral_contract.models.values import EmailAddress

ScheduledType = Literal["weekly", "monthly"]


class SubscriptionsRequest(BaseModel):
    """Addresses to subscribe to a type of report; existing subscriptions stay."""

    model_config = ConfigDict(extra="forbid")

    recipient_emails: Annotated[list[EmailAddress], Field(min_length=1, max_length=MOST_RECIPIENTS)]
    report_type: ScheduledType


class Subscription(BaseModel):
    """One address subscribed to one type of report."""

    id: int
    email: str
    report_type: ScheduledType
    created_by: str
    created_at: datetime
    suppressed: str | None = Field(description="Why the address is suppressed; null if it is not")


class Subscribed(BaseModel):
    """The subscriptions of the given addresses, new and existing."""

    subscriptions: list[Subscription]


class SubscriptionsAnswer(BaseModel):
    """All subscriptions, by address."""

    subscriptions: list[Subscription]
    total_subscriptions: int
    next_cursor: str | None


class Suppression(BaseModel):
    """A suppressed address."""

    email: str
    reason: str
    delivery_id: int | None = Field(description="The delivery that failed permanently")
    created_at: datetime


class SuppressionsAnswer(BaseModel):
    """All suppressed addresses, by address."""

    suppressions: list[Suppression]
    total_suppressions: int
    next_cursor: str | None


class UnsubscribeToken(BaseModel):
    """The token of an unsubscribe link; it proves that its holder got the email."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(min_length=1, max_length=1000)]


class Unsubscription(BaseModel):
    """The subscriptions that a link ends, or ended."""

    email: str = Field(description="Masked")
    report_types: list[ScheduledType]
