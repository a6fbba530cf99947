"""The queues: what waits, what is at work, and what needs a person."""

from collections.abc import Sequence
from typing import Literal

from dash import html
from dash.development.base_component import Component

from dashboard.components.table import Column, build_table
from dashboard.formats import format_duration
from viral_contract.models.queues import QueueName, QueueState
from viral_reports.figures import format_count

QueueStatus = Literal["Needs a person", "Falls behind", "Working", "Waiting", "Idle"]
# A flushed Redis or a killed worker is made good within a minute or two; what waits longer than this is no hiccup.
LONG_WAIT_SECONDS = 300
_NAMES: dict[QueueName, tuple[str, str]] = {
    QueueName.EMAIL_DELIVERY: ("Email delivery", "Reports and notifications that are mailed"),
    QueueName.WEBHOOKS: ("Webhooks", "Notifications that are posted to other services"),
    QueueName.PERFORMANCE_REPORTS: ("Performance reports", "Weekly, monthly and custom reports"),
    QueueName.BATCH: ("Batch", "Long work in steps: facts rebuilt, content scanned again"),
    QueueName.DEFAULT: ("Default", "Ticks of the schedule"),
}
_COLUMNS = (
    Column("Queue"),
    Column("Status"),
    *(
        Column(name, is_figure=True)
        for name in ("Waiting", "Longest wait", "Running", "Failed", "Uncertain", "Refused")
    ),
)


def build_queues(queues: Sequence[QueueState]) -> Component:
    """One row a queue, email first."""
    order = list(_NAMES)
    rows = [_build_row(queue) for queue in sorted(queues, key=lambda queue: order.index(queue.name))]
    table = build_table("The queues", _COLUMNS, rows)
    table.className = "table-frame queues"
    return table


def find_status(queue: QueueState) -> QueueStatus:
    """How the queue is, the worst first."""
    # What a failed tick would have done the reconciler has done, so that there is nothing to decide.
    if queue.refused or (queue.name != QueueName.DEFAULT and (queue.failed or queue.uncertain)):
        return "Needs a person"
    if (queue.oldest_waiting_seconds or 0) > LONG_WAIT_SECONDS:
        return "Falls behind"
    if queue.running:
        return "Working"
    return "Waiting" if queue.depth else "Idle"


def _build_row(queue: QueueState) -> tuple[Component | str, ...]:
    name, about = _NAMES[queue.name]
    wait = "–" if queue.oldest_waiting_seconds is None else format_duration(queue.oldest_waiting_seconds)
    return (
        html.Span([name, html.Span(about, className="row-note")], className="row-who"),
        _build_status(find_status(queue)),
        format_count(queue.depth),
        wait,
        format_count(queue.running),
        format_count(queue.failed),
        format_count(queue.uncertain),
        format_count(queue.refused),
    )


def _build_status(status: QueueStatus) -> Component:
    dot = html.Span(className="dot", **{"aria-hidden": "true"})
    return html.Span([dot, status], className=f"run queue-{status.lower().replace(' ', '-')}")
