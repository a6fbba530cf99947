"""Subscriptions to scheduled reports, suppressed addresses, and unsubscribe links."""

from datetime import UTC, datetime
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.mailing import check_recipients, number_recipients
from metrics_api.api.problems import invalid, not_found
from metrics_api.api.queries import ListQuery, read_page, split_page
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.deliveries import subscriptions as listing
from metrics_api.deliveries import suppressions as suppressed
from metrics_api.deliveries.subscriptions import read_unsubscribe_token
from viral_contract.models.people import Scope
from viral_contract.models.problem import FieldError
from viral_contract.models.recipients import mask_recipient
from viral_contract.models.subscriptions import (
    ScheduledType,
    Subscribed,
    SubscriptionsAnswer,
    SubscriptionsRequest,
    SuppressionsAnswer,
    UnsubscribeToken,
    Unsubscription,
)
from viral_contract.models.values import EmailAddress

subscriptions = Resource("subscriptions")
_SUBSCRIPTIONS = "/v1/subscriptions"


class SubscriptionsQuery(ListQuery):
    """Query of the list of subscriptions."""

    report_type: ScheduledType | None = Field(None, description="Only subscriptions to this type")


class SubscriberQuery(BaseModel):
    """The recipient whose subscriptions end."""

    model_config = ConfigDict(extra="forbid")

    email: EmailAddress = Field(description="Address that gets the reports")
    report_type: ScheduledType | None = Field(None, description="Only its subscription to this type")


@subscriptions.route("GET", _SUBSCRIPTIONS, scope=Scope.REPORTS_WRITE, answers={HTTPStatus.OK: SubscriptionsAnswer})
def get_subscriptions(query: SubscriptionsQuery, connection: Connection) -> SubscriptionsAnswer:
    """List subscriptions to weekly and monthly reports by email address."""
    page = read_page(query, listing.CURSOR)
    rows = listing.fetch_subscriptions(connection, query.report_type, page)
    shown, next_cursor = split_page(page, listing.CURSOR, rows, "email", "report_type")
    return SubscriptionsAnswer(
        subscriptions=shown,
        total_subscriptions=listing.count_subscriptions(connection, query.report_type),
        next_cursor=next_cursor,
    )


@subscriptions.route(
    "POST",
    _SUBSCRIPTIONS,
    scope=Scope.REPORTS_WRITE,
    answers={HTTPStatus.CREATED: Subscribed, HTTPStatus.OK: Subscribed},
)
def post_subscriptions(body: SubscriptionsRequest) -> tuple[Subscribed, HTTPStatus]:
    """Subscribe email addresses to a report type; 200 if all of them were already subscribed."""
    emails, report_type = body.recipient_emails, body.report_type
    check_recipients(number_recipients(emails))
    actor, now = current_principal().name, datetime.now(UTC)
    with current_context().database.write() as connection:
        created = listing.save_subscriptions(connection, emails, report_type, actor=actor, now=now)
        saved = listing.fetch_subscriptions_of(connection, emails, report_type)
    return Subscribed(subscriptions=saved), HTTPStatus.CREATED if created else HTTPStatus.OK


@subscriptions.route("DELETE", _SUBSCRIPTIONS, scope=Scope.REPORTS_WRITE, answers={HTTPStatus.NO_CONTENT: None})
def delete_subscriptions(query: SubscriberQuery) -> None:
    """Unsubscribe an email address."""
    actor, now = current_principal().name, datetime.now(UTC)
    with current_context().database.write() as connection:
        if not listing.delete_subscriptions_of(connection, query.email, query.report_type, actor=actor, now=now):
            raise not_found(f"subscription of {query.email}")


@subscriptions.route(
    "DELETE",
    f"{_SUBSCRIPTIONS}/<{ROW_ID}:subscription_id>",
    scope=Scope.REPORTS_WRITE,
    answers={HTTPStatus.NO_CONTENT: None},
)
def delete_subscription(subscription_id: int) -> None:
    """Delete a subscription."""
    actor, now = current_principal().name, datetime.now(UTC)
    with current_context().database.write() as connection:
        if not listing.delete_subscription(connection, subscription_id, actor=actor, now=now):
            raise not_found(f"subscription {subscription_id}")


@subscriptions.route("GET", "/v1/suppressions", scope=Scope.REPORTS_WRITE, answers={HTTPStatus.OK: SuppressionsAnswer})
def get_suppressions(query: ListQuery, connection: Connection) -> SuppressionsAnswer:
    """List email addresses that no longer get email, and why."""
    page = read_page(query, suppressed.CURSOR)
    rows = suppressed.fetch_suppressions(connection, page)
    shown, next_cursor = split_page(page, suppressed.CURSOR, rows, "email")
    return SuppressionsAnswer(
        suppressions=shown,
        total_suppressions=suppressed.count_suppressions(connection),
        next_cursor=next_cursor,
    )


@subscriptions.route(
    "DELETE", "/v1/suppressions/<id:email>", scope=Scope.REPORTS_WRITE, answers={HTTPStatus.NO_CONTENT: None}
)
def delete_suppression(email: str) -> None:
    """Allow an email address to get email again."""
    actor, now = current_principal().name, datetime.now(UTC)
    with current_context().database.write() as connection:
        if not suppressed.delete_suppression(connection, email, actor=actor, now=now):
            raise not_found(f"suppression of {email}")


@subscriptions.route(
    "GET", "/v1/unsubscriptions/<id:token>", scope=Scope.SESSIONS_WRITE, answers={HTTPStatus.OK: Unsubscription}
)
def get_unsubscription(token: str, connection: Connection) -> Unsubscription:
    """Preview what a link would unsubscribe; changes nothing, because mail scanners open links."""
    email = read_unsubscribe_token(current_context().references, token)
    if email is None:
        raise not_found("unsubscribe link like this")
    return Unsubscription(email=mask_recipient(email), report_types=listing.fetch_types_of(connection, email))


@subscriptions.route("POST", "/v1/unsubscriptions", scope=Scope.SESSIONS_WRITE, answers={HTTPStatus.OK: Unsubscription})
def post_unsubscription(body: UnsubscribeToken) -> Unsubscription:
    """Unsubscribe the email address of a link; safe to repeat."""
    email = read_unsubscribe_token(current_context().references, body.token)
    if email is None:
        raise invalid([FieldError(pointer="/token", detail="is not a valid unsubscribe link")])
    with current_context().database.write() as connection:
        ended = listing.delete_by_link(connection, email, now=datetime.now(UTC))
    return Unsubscription(email=mask_recipient(email), report_types=ended)
