"""What the guardrails page shows at one moment, and what of it a refresh has to send."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from dash import html, no_update
from dash.development.base_component import Component

from dashboard.components import (
    alerts,
    anomalies,
    bots,
    coppa,
    deductions,
    fraud,
    health_score,
    history,
    opt_outs,
)
from dashboard.components.card import Card
from dashboard.components.messages import (
    NO_DATA_PROBLEM,
    build_invalid_period,
    build_unavailable,
    format_refresh_problem,
)
from dashboard.data import SharedViews, Snapshot
from dashboard.errors import API_FAILURES
from dashboard.formats import format_age, format_clock, format_period
from dashboard.period import InvalidPeriodError, format_query, format_search, parse_period
from viral_engine.client import MetricsApi
from viral_engine.contract.guardrails import HealthAnswer
from viral_engine.contract.period import PeriodQuery

PATH = "/dashboard/guardrails"
CARDS: tuple[Card, ...] = (
    health_score.CARD,
    deductions.CARD,
    alerts.CARD,
    history.CARD,
    fraud.CARD,
    bots.CARD,
    opt_outs.CARD,
    coppa.CARD,
    anomalies.CARD,
)
_HISTORY_DAYS = 7
_log = structlog.get_logger()


@dataclass(frozen=True)
class View:
    """The page drawn from one answer; `problem` is what to say should the next refresh fail.

    Bodies are what Dash would send for their components, so that it need not be worked out for every viewer.
    """

    search: str
    summary: list[Component]
    bodies: list[Any]
    digests: list[int]
    problem: str


def refresh(
    views: SharedViews, refresh_seconds: int, search: str | None, shown: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What to change on a page that shows `shown`, by the names of the callback's outputs.

    When the API fails, data of the same period stays, and the problem that the last refresh prepared appears.
    """
    try:
        period = parse_period(search)
    except InvalidPeriodError as error:
        return _replace_cards(build_invalid_period(str(error), PATH))
    wanted = format_search(period)
    try:
        view = views.get((PATH, wanted), lambda api: build_view(api, period, refresh_seconds))
    except API_FAILURES as error:
        _log.warning("refresh_failed", page=PATH, reason=str(error))
        is_shown = shown is not None and shown["search"] == wanted
        return _warn() if is_shown else _replace_cards(build_unavailable(PATH + wanted))
    return _update(view, shown["digests"] if shown else [])


def build_view(api: MetricsApi, period: PeriodQuery, refresh_seconds: int) -> View:
    """The data of one period, drawn."""
    health = api.fetch_health(**format_query(period))
    snapshot = Snapshot(
        health=health,
        alerts=api.fetch_alerts(),
        history=api.fetch_history(days=_HISTORY_DAYS),
        search=format_search(period),
    )
    drawn = [json.dumps(card.build_body(snapshot), default=Component.to_plotly_json) for card in CARDS]
    return View(
        search=snapshot.search,
        summary=build_summary(health, refresh_seconds),
        bodies=[json.loads(body) for body in drawn],
        digests=[zlib.crc32(body.encode()) for body in drawn],
        problem=format_refresh_problem(format_clock(health.computed_at), refresh_seconds),
    )


def build_summary(health: HealthAnswer, refresh_seconds: int) -> list[Component]:
    """The lines below the title: the period, and how old everything is."""
    newest = "no event yet"
    if health.last_event_at is not None:
        newest = f"newest event {format_age(health.last_event_at, now=health.computed_at)}"
    updated = f"Last updated {format_clock(health.computed_at)} · refreshes every {refresh_seconds} s"
    return [html.P(f"{format_period(health.period)} · {newest}"), html.P(updated)]


def _update(view: View, shown_digests: list[int]) -> dict[str, Any]:
    """Draw only the cards that changed: Dash would draw each anew, and the keyboard lose its place in it."""
    bodies = [
        no_update if shown_digests[at : at + 1] == [digest] else body
        for at, (body, digest) in enumerate(zip(view.bodies, view.digests, strict=True))
    ]
    return {
        "summary": view.summary,
        "bodies": bodies,
        "cards_hidden": False,
        "notice": [],
        "problem": view.problem,
        "problem_hidden": True,
        "shown": {"search": view.search, "digests": view.digests},
    }


def _replace_cards(notice: Component) -> dict[str, Any]:
    return {
        "summary": [],
        "bodies": [no_update] * len(CARDS),
        "cards_hidden": True,
        "notice": notice,
        "problem": NO_DATA_PROBLEM,
        "problem_hidden": True,
        "shown": None,
    }


def _warn() -> dict[str, Any]:
    return {
        "summary": no_update,
        "bodies": [no_update] * len(CARDS),
        "cards_hidden": no_update,
        "notice": no_update,
        "problem": no_update,
        "problem_hidden": False,
        "shown": no_update,
    }
