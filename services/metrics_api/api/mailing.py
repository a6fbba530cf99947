"""Emails requested by the caller, and whether the caller sees recipients in full."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import invalid
from metrics_api.deliveries.requests import DeliveryRequest, Requested, is_email_off, request_report_emails
from viral_contract.models.people import Scope
from viral_contract.models.problem import FieldError
from viral_contract.models.recipients import is_excluded


def ask_for_emails(connection: Connection, report_id: int, recipients: Sequence[str], *, now: datetime) -> Requested:
    """Record the deliveries that the caller requests."""
    request = DeliveryRequest(
        kind="email",
        recipients=recipients,
        is_placeholder=not is_email_on(report_id),
        requested_by=current_principal().name,
        report_id=report_id,
    )
    domain = current_context().settings.deliveries.message_id_domain
    return request_report_emails(connection, request, domain=domain, now=now)


def check_recipients(recipients: Mapping[str, str]) -> None:
    """Reject recipients in domains that the settings exclude; they are given by their pointers.

    Raises ProblemError 422.
    """
    domains = current_context().settings.deliveries.email_recipient_domains
    detail = "is not in EMAIL_RECIPIENT_DOMAINS, the domains that can receive email"
    excluded = [pointer for pointer, address in recipients.items() if is_excluded(address, domains)]
    if excluded:
        raise invalid([FieldError(pointer=pointer, detail=detail) for pointer in excluded])


def number_recipients(recipients: Sequence[str]) -> dict[str, str]:
    """The recipients of a body's `recipient_emails`, by their pointers."""
    return {f"/recipient_emails/{index}": address for index, address in enumerate(recipients)}


def is_email_on(report_id: int) -> bool:
    """Whether an email of this report would be sent now."""
    return not is_email_off(current_context().flags, report_id=report_id, rule_id=None)


def sees_recipients() -> bool:
    """Whether the caller sees recipients' addresses in full."""
    return Scope.REPORTS_WRITE in current_principal().scopes
