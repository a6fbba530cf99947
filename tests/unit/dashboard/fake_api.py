"""The metrics API at its HTTP edge: answers as told, and remembers what it was asked."""

from collections.abc import Callable

import httpx
from pydantic import BaseModel

from tests.support.answers import (
    NOW,
    build_alerts,
    build_bots,
    build_event_pii,
    build_flagged_days,
    build_fraud,
    build_health,
    build_history,
    build_traffic,
)
from tests.unit.dashboard.case_answers import build_cases
from tests.unit.dashboard.growth_answers import build_cohort_k
from viral_contract.client.connection import LOOK_HEADER
from viral_contract.client.metrics_api import SESSION_HEADER, MetricsApi
from viral_contract.models.audit import LooksNoted
from viral_contract.models.flags import Flag
from viral_contract.models.people import Role, SessionCreated, SignedInPerson
from viral_contract.models.setup import SetupAnswer

PASSWORD = "correct horse"


class FakeApi:
    """People sign in with PASSWORD; their email's name is their role and their session's secret.

    `answers` holds what other addresses answer, by method and path.
    """

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.ended: set[str] = set()
        self.is_down = False
        self.noted_seconds = 3600
        self.health = build_health()
        self.setup = SetupAnswer(token=True, event=True, link=True, report=True)
        self.answers: dict[tuple[str, str], BaseModel | httpx.Response] = {}

    def connect(self) -> MetricsApi:
        """A client that ends here."""
        return MetricsApi(httpx.Client(base_url="http://api", transport=httpx.MockTransport(self._answer)))

    def count(self, path: str) -> int:
        """How often this path was asked."""
        return sum(request.url.path == path for request in self.asked)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.is_down:
            raise httpx.ConnectError("refused", request=request)
        given = self.answers.get((request.method, request.url.path))
        if given is not None:
            return given if isinstance(given, httpx.Response) else _json(given.model_dump_json())
        routes: dict[tuple[str, str], Callable[[httpx.Request], httpx.Response]] = {
            ("POST", "/v1/sessions"): self._sign_in,
            ("GET", "/v1/session"): self._person,
            ("DELETE", "/v1/session"): self._sign_out,
            ("GET", "/v1/guardrails/health"): self._find_health,
            ("POST", "/v1/audit-entries/looks"): lambda _: _json(
                LooksNoted(seconds=self.noted_seconds).model_dump_json()
            ),
            ("GET", "/v1/alerts"): lambda _: _json(build_alerts().model_dump_json()),
            ("GET", "/v1/guardrails/history"): lambda _: _json(build_history().model_dump_json()),
            ("GET", "/v1/guardrails/fraud"): self._list_networks,
            ("GET", "/v1/guardrails/traffic"): lambda _: _json(build_traffic().model_dump_json()),
            ("GET", "/v1/guardrails/flagged-days"): lambda _: _json(build_flagged_days().model_dump_json()),
            ("GET", "/v1/guardrails/event-pii"): lambda _: _json(build_event_pii().model_dump_json()),
            ("GET", "/v1/cases"): lambda _: _json(build_cases().model_dump_json()),
            ("GET", "/v1/growth/cohort-k"): lambda _: _json(build_cohort_k(0.44, 0.41).model_dump_json()),
            ("GET", "/v1/setup"): lambda _: _json(self.setup.model_dump_json()),
            ("GET", "/v1/guardrails/bots"): lambda _: _json(build_bots(rows=0).model_dump_json()),
        }
        return routes[request.method, request.url.path](request)

    def _find_health(self, request: httpx.Request) -> httpx.Response:
        answer = _json(self.health.model_dump_json())
        if request.headers.get(SESSION_HEADER, "").startswith(Role.ADMIN):
            answer.headers[LOOK_HEADER] = request.url.path
        return answer

    def _note_looks(self, _request: httpx.Request) -> httpx.Response:
        return _json(LooksNoted(seconds=self.noted_seconds).model_dump_json())

    def _list_networks(self, request: httpx.Request) -> httpx.Response:
        cursor = None if "cursor" in request.url.params else "page-2"
        return _json(build_fraud(next_cursor=cursor).model_dump_json())

    def _sign_in(self, request: httpx.Request) -> httpx.Response:
        body = httpx.Response(200, content=request.content).json()
        if body["password"] != PASSWORD:
            return _problem(401, "wrong_credentials")
        name = body["email"].split("@")[0]
        session = SessionCreated(secret=name, expires_at=NOW.replace(year=2999), person=_person(name))
        return _json(session.model_dump_json(), 201)

    def _person(self, request: httpx.Request) -> httpx.Response:
        secret = request.headers[SESSION_HEADER]
        known = secret.rstrip("0123456789") in set(Role) and secret not in self.ended
        return _json(_person(secret).model_dump_json()) if known else _problem(401, "session_ended")

    def _sign_out(self, request: httpx.Request) -> httpx.Response:
        self.ended.add(request.headers[SESSION_HEADER])
        return httpx.Response(204)


def _person(secret: str) -> SignedInPerson:
    name = secret.rstrip("0123456789")
    return SignedInPerson(id=sum(secret.encode()), email=f"{secret}@example.com", role=Role(name), flags=list(Flag))


def _json(body: str, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=body, headers={"Content-Type": "application/json"})


def _problem(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "title": code, "detail": code, "code": code})
