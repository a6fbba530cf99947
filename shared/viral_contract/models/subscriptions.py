"""Subscriptions: who gets which scheduled reports, and which addresses get nothing any more."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from viral_contract.models.deliveries import MOST_RECIPIENTS
from viral_contract.models.email_address import EmailAddress

ScheduledType = Literal["weekly", "monthly"]


class SubscriptionsRequest(BaseModel):
    """Who is to get each report of a type from now on; who gets it already is left alone."""

    model_config = ConfigDict(extra="forbid")

    recipient_emails: Annotated[list[EmailAddress], Field(min_length=1, max_length=MOST_RECIPIENTS)]
    report_type: ScheduledType


class Subscription(BaseModel):
    """One address that gets each report of one type."""

    id: int
    email: str
    report_type: ScheduledType
    created_by: str
    created_at: datetime
    suppressed: str | None = Field(description="Why the address gets nothing all the same; null where it does")


class Subscribed(BaseModel):
    """The subscriptions of the addresses that were given, the new ones and those there were."""

    subscriptions: list[Subscription]


class SubscriptionsAnswer(BaseModel):
    """All subscriptions, by address."""

    subscriptions: list[Subscription]
    total_subscriptions: int
    next_cursor: str | None


class Suppression(BaseModel):
    """An address that gets nothing any more."""

    email: str
    reason: str
    delivery_id: int | None = Field(description="The delivery that failed for good")
    created_at: datetime


class SuppressionsAnswer(BaseModel):
    """All suppressed addresses, by address."""

    suppressions: list[Suppression]
    total_suppressions: int
    next_cursor: str | None


class UnsubscribeToken(BaseModel):
    """What a link in an email ends with; it proves that whoever has it got the email."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(min_length=1, max_length=1000)]


class Unsubscription(BaseModel):
    """Whose subscriptions a link ends, and which there are, or were until it was used."""

    email: str = Field(description="Masked")
    report_types: list[ScheduledType]
