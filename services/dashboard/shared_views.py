"""What pages show, fetched from the metrics API and drawn once for all who may see the same."""

import time
from collections.abc import Callable, Collection, Hashable
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import structlog
from cachetools import TLRUCache
from flask import Flask, Response, g

from dashboard.cache import SharedCache
from dashboard.cookies import SESSION_COOKIE, read_cookie, set_cookie
from dashboard.session import current_viewer
from dashboard.visitor import current_address, is_background
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope

View = TypeVar("View")
CHANGED_COOKIE = "viral_changed_at"
"""When this browser last sent a change: what was drawn before that is not shown to it."""
_MOST_VIEWS = 256
_MOST_LOOKS = 100_000
_log = structlog.get_logger()


class _Shared(NamedTuple):
    """A view, and the routes whose whole identifiers are in it."""

    view: Any
    looks: frozenset[str]


class SharedViews:
    """Views that live for seconds and are shared among the viewers who may see the same."""

    def __init__(self, api: MetricsApi, *, seconds: float) -> None:
        self._api = api
        self._cache = SharedCache[_Shared]("views", seconds=seconds, size=_MOST_VIEWS, keeps_previous=True)
        self._looks = _Looks()

    def get(self, key: Hashable, build: Callable[[MetricsApi], View]) -> View:
        """What `build` makes of the API's answers; `key` names the page with all that it was asked for.

        Raises ApiProblemError and ApiUnreachableError.
        """
        viewer = current_viewer()
        api = self._connect(viewer.secret)
        shared = self._cache.get(
            (viewer.sharing_key, key),
            lambda: _Shared(build(api), frozenset(api.looks)),
            since=_find_last_change(),
        )
        if shared.looks and not viewer.may(Scope.IDENTIFIERS_READ):
            # A mistake in a key must not show anybody what the API would mask for them.
            _log.error("identifiers_withheld", role=viewer.person.role)
            return build(api)
        if not shared.looks <= api.looks:
            self._looks.note(api, viewer.person.id, shared.looks)
        view: View = shared.view
        return view

    def api_of_viewer(self) -> MetricsApi:
        """The API on behalf of who made the request in hand, for what is theirs alone.

        It is their session that it asks with, known or not, so that what asks is where a silent API is told.
        """
        api = self._connect(read_cookie(SESSION_COOKIE))
        g.setdefault("apis", []).append(api)
        return api

    def _connect(self, secret: str) -> MetricsApi:
        return self._api.on_behalf_of(secret, address=current_address(), background=is_background())


class _Looks:
    """The looks at shared views that the API has audited: once a person, route and hour."""

    def __init__(self) -> None:
        self._noted: TLRUCache[Hashable, float] = TLRUCache(_MOST_LOOKS, _find_end, time.monotonic)
        self._lock = Lock()

    def note(self, api: MetricsApi, person_id: int, routes: Collection[str]) -> None:
        """Have the API audit those that it has not yet, before the view is shown."""
        with self._lock:
            missing = [route for route in routes if (person_id, route) not in self._noted]
        if not missing:
            return
        asked_at = time.monotonic()
        end = asked_at + api.note_looks(missing).seconds
        with self._lock:
            self._noted.update({(person_id, route): end for route in missing})


def _find_end(_key: Hashable, end: float, _now: float) -> float:
    return end


def remember_changes(server: Flask) -> None:
    """Have a browser that sent a change see its effect at once, whichever process it asks next."""

    @server.after_request
    def note_change(response: Response) -> Response:
        if any(api.may_have_changed for api in g.get("apis", [])):
            set_cookie(response, CHANGED_COOKIE, f"{time.time():.3f}")
        return response


def _find_last_change() -> float:
    given = read_cookie(CHANGED_COOKIE)
    return min(float(given), time.time()) if given.replace(".", "", 1).isdecimal() else 0
