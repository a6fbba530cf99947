"""What the queue shows: its strip, its rows, and what it says where there are none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.filters import TOOLBAR, clear, find_status, format_filters, is_narrowed
from dashboard.cases.rows import build_queue
from dashboard.components.strip import build_strip
from dashboard.components.terms import build_term
from dashboard.lists.empty import build_empty
from dashboard.lists.paging import read_size
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import Case, CasesAnswer
from viral_contract.models.growth import KFactorAnswer
from viral_reports.figures import format_count, format_k

_NEW_DAYS = 3
_MOST_NEW = 100
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


def fetch_queue(api: MetricsApi, wanted: Mapping[str, str]) -> Queue:
    """The cases that the address names, and the figures above them."""
    return Queue(
        answer=fetch_cases(api, wanted),
        newest=api.fetch_cases(status="open", order="newest", limit=_MOST_NEW).cases,
        k_factor=api.fetch_k_factor(days=7),
    )


def fetch_cases(api: MetricsApi, wanted: Mapping[str, str]) -> CasesAnswer:
    """The cases that the address names."""
    cursor = {"cursor": wanted["cursor"]} if "cursor" in wanted else {}
    return api.fetch_cases(**TOOLBAR.find_filters(wanted), limit=read_size(wanted), **cursor)


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


def build_list(cases: list[Case], filters: Mapping[str, str], *, may_decide: bool, now: datetime) -> Component:
    """The rows, or why there are none."""
    if not cases:
        return _build_no_match(filters) if is_narrowed(filters) else _build_nothing(find_status(filters))
    return build_queue(cases, filters, may_decide=may_decide, now=now)


def _build_nothing(status: str) -> Component:
    heading, note = _NOTHING[status]
    return build_empty(heading, note, icon="check")


def _build_no_match(filters: Mapping[str, str]) -> Component:
    cleared = dcc.Link("Clear filters", href=clear(filters), className="button")
    return build_empty("No case matches", format_filters(filters), cleared)
