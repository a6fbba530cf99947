"""Who was sent a report by email, and the status of each message."""

from collections import Counter
from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.table import Column, build_moment, build_table
from dashboard.formats import format_clock, format_minute
from dashboard.links import message_path
from viral_contract.models.deliveries import DeliveriesAnswer, Delivery, DeliveryState
from viral_reports.figures import format_counted

_COLUMNS = (Column("Recipient"), Column("Status"), Column("Requested (UTC)"))
_IN_PROGRESS: tuple[DeliveryState, ...] = ("queued", "sending")
_NOTES: dict[DeliveryState, str] = {
    "sent": "",
    "failed": "No reason given",
    "uncertain": "The mail server did not confirm that it accepted the message",
    "placeholder": "Recorded, never sent",
    "suppressed": "This address is suppressed",
    "cancelled": "Discarded",
}


def is_in_progress(deliveries: Sequence[Delivery]) -> bool:
    """Whether some of them still change by themselves."""
    return any(delivery.status in _IN_PROGRESS for delivery in deliveries)


def build_deliveries(answer: DeliveriesAnswer, report_id: int, *, readable: bool) -> list[Component]:
    """One row a message, the newest request first; nothing when the report was never mailed.

    What was rendered is linked where the viewer may read it.
    """
    if not answer.deliveries:
        return []
    rows = [_build_row(delivery, report_id if readable else None) for delivery in answer.deliveries]
    table = build_table("Who was sent this report", _COLUMNS, rows)
    return [html.H3("Deliveries", className="sub-heading"), build_hint(format_summary(answer)), table]


def format_summary(answer: DeliveriesAnswer) -> str:
    """How many of the messages are in each state, the most frequent first."""
    counts = Counter(delivery.status for delivery in answer.deliveries).most_common()
    words = ", ".join(f"{count} {format_state(status)}" for status, count in counts)
    number = format_counted(len(answer.deliveries), "message")
    return f"Newest {number}: {words}" if answer.next_cursor else f"{number}: {words}"


def format_state(state: str) -> str:
    """The state as people read it."""
    return "unconfirmed" if state == "uncertain" else state


def build_state(state: str, *notes: Component | str) -> Component:
    """The state as dot and word, with what there is to say about it below."""
    dot = html.Span(className="dot", **{"aria-hidden": "true"})
    head = html.Span([dot, format_state(state).capitalize()], className=f"run delivery-{state.replace(' ', '-')}")
    return html.Div([head, *(html.Span(note, className="row-note") for note in notes if note)], className="run-state")


def format_note(delivery: Delivery) -> str:
    """What there is to say about a message beside its state."""
    if delivery.status == "queued":
        return _format_wait(delivery)
    if delivery.status == "sending":
        return f"Attempt {delivery.attempt} of {delivery.max_attempts}"
    if delivery.status == "sent":
        return f"{format_minute(delivery.sent_at)} UTC" if delivery.sent_at else ""
    reason = (delivery.reason or _NOTES[delivery.status]).rstrip(".")
    if delivery.status == "uncertain":
        then = "Discarded" if delivery.discarded_at else "An admin can resolve it on the Operations page"
        return f"Not known whether it arrived: {reason}. {then}."
    if delivery.status == "failed":
        return f"{reason} ({format_counted(delivery.attempt, 'attempt')})"
    return reason


def _format_wait(delivery: Delivery) -> str:
    if not delivery.attempt:
        return "Waiting for a worker"
    at = f" at {format_clock(delivery.next_attempt_at)}" if delivery.next_attempt_at else ""
    why = f", because attempt {delivery.attempt} failed: {delivery.reason}" if delivery.reason else ""
    return f"Attempt {delivery.attempt + 1} of {delivery.max_attempts}{at}{why}"


def _build_row(delivery: Delivery, report_id: int | None) -> tuple[Component | str, ...]:
    recipient = html.Span(delivery.recipient_email, className="recipient")
    link = _build_link(delivery, report_id) if report_id is not None and delivery.has_content else ""
    return recipient, build_state(delivery.status, format_note(delivery), link), build_moment(delivery.created_at)


def _build_link(delivery: Delivery, report_id: int) -> Component:
    words = "View message that would have been sent" if delivery.status == "placeholder" else "View message"
    return dcc.Link(words, href=message_path(report_id, delivery.id))
