"""What the queue shows: its strip, its rows, and what it says where there are none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.filters import build_query, format_address, format_filters, is_narrowed
from dashboard.cases.rows import build_queue
from dashboard.components.icons import build_icon
from dashboard.components.table import build_way_on
from dashboard.components.terms import build_term
from dashboard.links import CASES_PATH
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import Case, CasesAnswer
from viral_contract.models.growth import KFactorAnswer
from viral_reports.figures import format_count, format_counted, format_k

ROWS = 50
_NEW_DAYS = 3
_MOST_NEW = 100
_LEGEND = "Solid chips flag; dashed chips are worth a look and flag nothing alone"
_NOTHING = {
    "open": ("No open cases", "Decided and closed ones are one tab away."),
    "decided": ("No decided cases", "What you decide about open cases appears here."),
    "closed": ("No closed cases", "A case closes when its rules no longer find anything."),
}


@dataclass(frozen=True)
class Queue:
    """What the API answered: one page of cases, the newest open ones, and K."""

    answer: CasesAnswer
    newest: list[Case]
    k_factor: KFactorAnswer


def fetch_queue(api: MetricsApi, filters: Mapping[str, str], cursor: str | None) -> Queue:
    """The cases of the filters, from the cursor on."""
    query = build_query(filters)
    return Queue(
        answer=api.fetch_cases(**query, limit=ROWS, **({"cursor": cursor} if cursor else {})),
        newest=api.fetch_cases(status="open", order="newest", limit=_MOST_NEW).cases,
        k_factor=api.fetch_k_factor(days=7),
    )


def build_strip(*figures: tuple[Component | str, str, str]) -> Component:
    """Figures side by side, each as (what it is, figure, note)."""
    parts = [html.Div([html.Dt(label), html.Dd(figure), html.Dd(note)]) for label, figure, note in figures]
    return html.Dl(parts, className="card case-strip")


def build_figures(queue: Queue) -> Component:
    """How much there is to decide, what hangs on it, and how well the rules do."""
    answer, k_factor = queue.answer, queue.k_factor
    flagged = answer.flagged_conversions
    return build_strip(
        ("Open", format_count(answer.counts.open), _format_new(queue)),
        (
            build_term("stake", "Conversions at stake"),
            format_count(answer.stake.conversions),
            f"{format_count(flagged)} flagged, {format_count(answer.stake.conversions - flagged)} to look at",
        ),
        (
            html.Span([build_term("k_clean", "K clean"), ", last 7 days"]),
            format_k(k_factor.k_factor_clean),
            f"without {format_count(k_factor.removed_conversions)} flagged; raw {format_k(k_factor.k_factor)}",
        ),
        ("Decided, 30 days", *_format_decided(answer)),
        (build_term("precision", "Precision of rules"), *_format_precision(answer)),
    )


def _format_new(queue: Queue) -> str:
    since = queue.answer.computed_at - timedelta(days=_NEW_DAYS)
    new = sum(case.opened_at >= since for case in queue.newest)
    return f"{new}{'+' if new == _MOST_NEW else ''} new since {since:%A}"


def _format_decided(answer: CasesAnswer) -> tuple[str, str]:
    made = answer.decisions
    words = ((made.fraud, "fraud"), (made.legitimate, "legitimate"), (made.unsure, "unsure"))
    by_verdict = " · ".join(f"{format_count(count)} {word}" for count, word in words)
    return format_count(made.fraud + made.legitimate + made.unsure), by_verdict


def _format_precision(answer: CasesAnswer) -> tuple[str, str]:
    made = answer.decisions
    if made.precision is None or made.precision_interval is None:
        return "–", "nothing decided yet"
    low, high = made.precision_interval.low, made.precision_interval.high
    return f"{made.precision:.0%}", f"{made.fraud} of {made.fraud + made.legitimate}, {low:.0%}–{high:.0%}"


def build_list(answer: CasesAnswer, filters: Mapping[str, str], *, may_decide: bool, now: datetime) -> list[Component]:
    """The rows and how many there are, or why there are none."""
    if not answer.cases:
        return [_build_no_match(filters) if is_narrowed(filters) else _build_nothing(filters["status"])]
    return [
        html.Div(build_queue(answer.cases, filters, may_decide=may_decide, now=now), className="queue-frame"),
        _build_pager(answer, filters),
    ]


def _build_pager(answer: CasesAnswer, filters: Mapping[str, str]) -> Component:
    shown, left = len(answer.cases), answer.total - len(answer.cases)
    rest = f" · {format_count(left)} more" if answer.next_cursor else ""
    count = html.Span([html.Strong(f"Showing {format_count(shown)} of {_count_cases(answer.total, filters)}"), rest])
    more: list[Component] = []
    if answer.next_cursor:
        named: Mapping[str, Any] = {**build_query(filters), "cursor": answer.next_cursor}
        more = [build_way_on(CASES_PATH, named, f"{ROWS} cases")]
    return html.Div([count, *more, html.Span(_LEGEND, className="hint")], className="pager")


def _count_cases(total: int, filters: Mapping[str, str]) -> str:
    return format_counted(total, f"{filters['status']} case")


def _build_nothing(status: str) -> Component:
    heading, note = _NOTHING[status]
    return build_empty(heading, note, icon="check")


def _build_no_match(filters: Mapping[str, str]) -> Component:
    cleared = format_address({"status": filters["status"], "order": filters["order"]})
    return build_empty(
        "No case matches", format_filters(filters), dcc.Link("Clear filters", href=cleared, className="button")
    )


def build_empty(heading: str, note: str, *way_on: Component, icon: str | None = None) -> Component:
    """What stands in the place of rows: one sentence, and what was looked at."""
    sign = [html.Span(build_icon(icon), className=f"empty-{icon}")] if icon else []
    return html.Div(
        [*sign, html.P(heading, className="no-data"), html.P(note, className="hint"), *way_on], className="empty"
    )


def build_load_failure(at: str, here: str) -> Component:
    """What stands in the place of rows that never came; `at` is when they were asked for."""
    again = html.A("Try again", href=here, className="button")
    return build_empty("Could not load cases", f"The API did not answer at {at}.", again, icon="warning")
