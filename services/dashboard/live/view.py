"""What a live page shows at one moment, and what of it a refresh has to send."""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

import structlog
from dash import dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components.card import Card
from dashboard.components.filters import build_unfiltered, format_filters
from dashboard.components.messages import NO_DATA_PROBLEM, build_failure, format_refresh_problem
from dashboard.errors import API_FAILURES, is_switched_off
from dashboard.formats import format_clock
from dashboard.period import Filter, InvalidPeriodError, find_filters, format_query, parse_period, read_search
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.period import Period, PeriodQuery
from viral_reports.dates import format_period

_EMPTY = zlib.crc32(b"[]")
_log = structlog.get_logger()


class LiveData(Protocol):
    """What the API answered for one period, of which a page's cards are drawn."""

    @property
    def period(self) -> Period:
        """The dates that were looked at."""

    @property
    def computed_at(self) -> datetime:
        """As of when."""

    @property
    def about(self) -> str:
        """What to say beside the period, below the page's title."""


Data = TypeVar("Data", bound=LiveData)


@dataclass(frozen=True)
class LivePage(Generic[Data]):
    """A page of cards over the period in its address, which refreshes by itself; `slug` begins its ids.

    One that compares says so beside its period. `options` are the other parameters of the address that change what is
    shown, like the `filters`, which have controls in the header; `fetch` is given those that it names.
    """

    path: str
    slug: str
    title: str
    icon: str
    cards: Sequence[Card[Data]]
    fetch: Callable[[MetricsApi, PeriodQuery, Mapping[str, str]], Data]
    compares: bool = False
    options: Sequence[str] = ()
    filters: Sequence[Filter] = ()

    @property
    def folding(self) -> list[Card[Data]]:
        """The cards that fold on a phone."""
        return [card for card in self.cards if card.format_figure]


@dataclass(frozen=True)
class View:
    """The page drawn from one answer; `problem` is what to say should the next refresh fail.

    A card that does not begin is empty on pages where it does not stand yet. Bodies are what Dash would send for their
    components, so that it need not be worked out for every viewer.
    """

    search: str
    summary: list[Component]
    bodies: list[Any]
    figures: list[str]
    digests: list[int]
    begins: list[bool]
    problem: str


def find_digest(drawn: Any) -> int:
    """A number that is the same for components that look the same."""
    return zlib.crc32(json.dumps(drawn, default=Component.to_plotly_json).encode())


def refresh(
    live: LivePage[Data],
    views: SharedViews,
    refresh_seconds: int,
    search: str | None,
    shown: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What to change on a page that shows `shown`, by the names of the callback's outputs.

    When the API fails, data of the same period stays, and the problem that the last refresh prepared appears.
    """
    try:
        period, chosen = parse_period(search), _read_options(live, search)
    except InvalidPeriodError as error:
        return _replace_cards(live, build_failure(error, live.path))
    wanted = f"?{urlencode({**format_query(period), **chosen})}"
    try:
        view = views.get(
            (live.path, wanted),
            lambda api: build_view(live, live.fetch(api, period, chosen), wanted, refresh_seconds, chosen),
        )
    except API_FAILURES as error:
        _log.warning("refresh_failed", page=live.path, reason=str(error))
        is_shown = shown is not None and shown["search"] == wanted and not is_switched_off(error)
        return _warn(live) if is_shown else _replace_cards(live, build_failure(error, live.path + wanted))
    return _update(view, shown["digests"] if shown else [])


def _read_options(live: LivePage[Data], search: str | None) -> dict[str, str]:
    given = read_search(search)
    return {name: given[name] for name in (*live.options, *live.filters) if given.get(name)}


def build_view(
    live: LivePage[Data], data: Data, search: str, refresh_seconds: int, chosen: Mapping[str, str] | None = None
) -> View:
    """The data of the period that `search` names, drawn; `chosen` are the filters, among other parameters."""
    filters = find_filters(chosen or {})
    bodies = [[*_build_scope(card, filters), *card.build_body(data)] for card in live.cards]
    drawn = [json.dumps(body, default=Component.to_plotly_json) for body in bodies]
    return View(
        search=search,
        summary=[*build_summary(data, refresh_seconds), *_build_filters(live.path, search, filters)],
        bodies=[json.loads(body) for body in drawn],
        figures=[card.format_figure(data) for card in live.cards if card.format_figure],
        digests=[zlib.crc32(body.encode()) for body in drawn],
        begins=[card.begins is None or card.begins(data) for card in live.cards],
        problem=format_refresh_problem(format_clock(data.computed_at), refresh_seconds),
    )


def _build_scope(card: Card[Any], filters: Mapping[str, str]) -> list[Component]:
    """What the card shows all of, whatever is chosen."""
    unheeded = [name for name in filters if name not in card.filters]
    return [build_unfiltered(unheeded)] if unheeded else []


def _build_filters(path: str, search: str, filters: Mapping[str, str]) -> list[Component]:
    """Which part of the activity is shown, and the way to all of it."""
    if not filters:
        return []
    others = {name: value for name, value in read_search(search).items() if name not in filters}
    cleared = dcc.Link("Clear filters", href=f"{path}?{urlencode(others)}")
    return [html.P([f"{format_filters(filters)} · ", cleared], className="summary-filters")]


def build_summary(data: LiveData, refresh_seconds: int) -> list[Component]:
    """The lines below the title: the period, and how old everything is."""
    updated = f"Last updated {format_clock(data.computed_at)} · refreshes every {refresh_seconds} s"
    return [html.P(f"{format_period(data.period)} · {data.about}"), html.P(updated)]


def _update(view: View, shown_digests: list[int]) -> dict[str, Any]:
    """Draw only the cards that changed: Dash would redraw each, and the keyboard lose its place in it."""
    shown = dict(enumerate(shown_digests))
    digests = [
        digest if begins or shown.get(at, _EMPTY) != _EMPTY else _EMPTY
        for at, (digest, begins) in enumerate(zip(view.digests, view.begins, strict=True))
    ]
    bodies = [
        no_update if shown.get(at) == digest else [] if digest == _EMPTY else body
        for at, (body, digest) in enumerate(zip(view.bodies, digests, strict=True))
    ]
    return {
        "summary": view.summary,
        "bodies": bodies,
        "figures": view.figures,
        "cards_hidden": False,
        "notice": [],
        "problem": view.problem,
        "problem_hidden": True,
        "shown": {"search": view.search, "digests": digests},
    }


def _replace_cards(live: LivePage[Data], notice: Component) -> dict[str, Any]:
    return {
        "summary": [],
        "bodies": [no_update] * len(live.cards),
        "figures": [no_update] * len(live.folding),
        "cards_hidden": True,
        "notice": notice,
        "problem": NO_DATA_PROBLEM,
        "problem_hidden": True,
        "shown": None,
    }


def _warn(live: LivePage[Data]) -> dict[str, Any]:
    return {
        "summary": no_update,
        "bodies": [no_update] * len(live.cards),
        "figures": [no_update] * len(live.folding),
        "cards_hidden": no_update,
        "notice": no_update,
        "problem": no_update,
        "problem_hidden": False,
        "shown": no_update,
    }
