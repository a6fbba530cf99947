"""Operations: what the queues hold, what needs attention, and which background jobs run, for admins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.bars import build_bars
from dashboard.components.card import build_hint
from dashboard.components.controls import build_folded
from dashboard.components.table import Column, build_moment, build_table
from dashboard.formats import format_duration, format_percent
from dashboard.links import OPERATIONS_PATH, report_path
from dashboard.lists.page import build_button, build_page
from dashboard.lists.view import Done, Drawn, ListPage, Wanted, build_next
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.batches import Batch, BatchKind
from viral_contract.models.queues import DeadLetter, QueueName, QueuesAnswer, QueueState
from viral_reports.blocks import Bar
from viral_reports.figures import format_count, format_counted

ROWS = 50
_SLUG = "operations"
Action = Literal["confirm", "retry", "discard"]
QueueStatus = Literal["Needs attention", "Falling behind", "Working", "Waiting", "Idle"]
# A flushed Redis or a killed worker is made good within a minute or two; what waits longer than this is no hiccup.
LONG_WAIT_SECONDS = 300
_NAMES: dict[QueueName, tuple[str, str]] = {
    QueueName.EMAIL_DELIVERY: ("Email delivery", "Reports and notifications by email"),
    QueueName.WEBHOOKS: ("Webhooks", "Notifications posted to other services"),
    QueueName.PERFORMANCE_REPORTS: ("Performance reports", "Weekly, monthly and custom reports"),
    QueueName.BATCH: ("Batch", "Background jobs in steps: rebuilding facts, rescanning content"),
    QueueName.DEFAULT: ("Default", "Scheduler"),
}
_COLUMNS = (
    Column("Queue"),
    Column("Status"),
    *(
        Column(name, is_figure=True)
        for name in ("Waiting", "Longest wait", "Running", "Failed", "Unconfirmed", "Refused")
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
    # What a failed tick would have done the reconciler has done, so that there is nothing to resolve.
    if queue.refused or (queue.name != QueueName.DEFAULT and (queue.failed or queue.uncertain)):
        return "Needs attention"
    if (queue.oldest_waiting_seconds or 0) > LONG_WAIT_SECONDS:
        return "Falling behind"
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


@dataclass(frozen=True)
class Choice:
    """One button: what it says, and what pressing it does."""

    action: Action
    label: str
    effect: str


_STATES = {"failed": "Failed", "uncertain": "Unconfirmed"}
_CHOICES: dict[str, tuple[Choice, ...]] = {
    "failed": (
        Choice("retry", "Retry", "It starts over with all its attempts."),
        Choice("discard", "Discard", "It leaves this list and is never retried."),
    ),
    "uncertain": (
        Choice("confirm", "Mark as sent", "Check with the recipient or in the mail provider's log first."),
        Choice("retry", "Send again", "If it did arrive, the recipient gets it twice."),
        Choice("discard", "Discard", "It leaves this list and is never sent again. Whether it arrived stays unknown."),
    ),
}


def build_dead_letters(letters: Sequence[DeadLetter], total: int) -> list[Component]:
    """One entry each, newest first, of `total`."""
    if not letters and total:
        return [html.P("Nothing on this page needs attention anymore. See the pages before it.", className="nothing")]
    if not letters:
        check = html.Span(className="icon icon-check", **{"aria-hidden": "true"})
        return [html.P([check, "Nothing needs attention."], className="nothing")]
    shown = f"{len(letters)} of " if len(letters) < total else ""
    about = f"{shown}{format_counted(total, 'item')}. Your decision is recorded in the audit log."
    return [build_hint(about), html.Ul([_build_letter(letter) for letter in letters], className="violations")]


def format_name(letter_id: str) -> str:
    """What an id stands for: "report-3" is "Report 3"."""
    return letter_id.replace("-", " ").capitalize()


def _build_letter(letter: DeadLetter) -> Component:
    dot = html.Span(className="dot", **{"aria-hidden": "true"})
    state = html.Span([dot, _STATES[letter.state]], className=f"run delivery-{letter.state}")
    who = html.Div([html.H3(_build_title(letter)), html.P(letter.what[:1].upper() + letter.what[1:])])
    since = html.P(["since ", build_moment(letter.failed_at), " UTC"], className="row-note")
    tried = html.P(f"after {format_counted(letter.attempts, 'attempt')}", className="row-note")
    reason = html.Div(letter.reason, className="reason")
    return html.Li([who, html.Div([state, since, tried]), reason, _build_decision(letter)], className="violation")


def _build_title(letter: DeadLetter) -> Component | str:
    kind, _, number = letter.id.rpartition("-")
    name = format_name(letter.id)
    return dcc.Link(name, href=report_path(int(number))) if kind == "report" else name


def _build_decision(letter: DeadLetter) -> Component:
    choices = [_build_choice(choice, letter) for choice in _CHOICES[letter.state]]
    return build_folded("Resolve", format_name(letter.id), *choices)


def _build_choice(choice: Choice, letter: DeadLetter) -> Component:
    button = build_button(_SLUG, choice.action, letter.id, choice.label, f": {format_name(letter.id)}")
    return html.Div([button, build_hint(choice.effect)], className="choice-of-action")


_BATCHES: dict[BatchKind, str] = {
    "rebuild_facts": "Rebuilding facts",
    "rescan_content": "Rescanning content",
    "finish_scans": "Finishing long content scans",
    "classify_events": "Classifying stored clicks and visits",
    "rebuild_days": "Rebuilding days with erased data",
}


def build_batches(batches: Sequence[Batch]) -> list[Component]:
    """One bar each, the oldest first."""
    if not batches:
        return [html.P("No background jobs are running.", className="nothing")]
    return [build_bars([_describe_batch(batch) for batch in batches])]


def _describe_batch(batch: Batch) -> Bar:
    share = batch.done_steps / batch.total_steps if batch.total_steps else 0
    steps = f"{format_count(batch.done_steps)} of {format_count(batch.total_steps)} steps"
    return Bar(label=_BATCHES[batch.kind], value=format_percent(share), share=share, note=f"No. {batch.id}, {steps}")


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """The queues, what needs attention, and what runs, from one answer."""
    answer = api.fetch_queues(limit=ROWS, cursor=wanted.get("cursor"))
    return {
        "queues": [build_queues(answer.queues)],
        "letters": _build_letters(answer, wanted),
        "batches": build_batches(answer.batches),
    }


def _build_letters(answer: QueuesAnswer, wanted: Wanted) -> list[Component]:
    total = sum(queue.failed + queue.uncertain for queue in answer.queues if queue.name != QueueName.DEFAULT)
    ways: list[Component] = build_next(OPERATIONS_PATH, wanted, answer.next_cursor, f"{ROWS} items")
    if "cursor" in wanted:
        ways.insert(0, dcc.Link("Newest", href=OPERATIONS_PATH, className="button"))
    below = [html.Div(ways, className="controls")] if ways else []
    return [*build_dead_letters(answer.dead_letters, total), *below]


def _decide(api: MetricsApi, action: str, letter_id: str) -> Done:
    calls = {
        "retry": (api.retry_dead_letter, "is queued again."),
        "discard": (api.discard_dead_letter, "discarded."),
        "confirm": (api.confirm_dead_letter, "marked as sent."),
    }
    call, words = calls[action]
    call(letter_id)
    return Done(f"{format_name(letter_id)} {words}")


LISTED = ListPage(
    path=OPERATIONS_PATH,
    slug=_SLUG,
    title="Operations",
    about="Work in the queues, and work that failed",
    only="Only admins can view the queues and resolve failed work.",
    draw=draw,
    cards=(("queues", "Queues"), ("letters", "Needs attention"), ("batches", "Background jobs")),
    act=_decide,
    poll_seconds=5,
)
PAGE = build_page(LISTED, icon="queues", group="Administration")
