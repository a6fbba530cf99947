"""One connection to the metrics API: parses its answers and refusals."""

from collections.abc import Mapping
from typing import Any, Self, TypeVar

import httpx
import structlog
from pydantic import BaseModel

Answer = TypeVar("Answer", bound=BaseModel)
QueryValue = str | int | float | bool | None
SESSION_HEADER = "X-Session"
CLIENT_ADDRESS_HEADER = "X-Client-Address"
"""Header with the address of the person the dashboard calls for."""
BACKGROUND_HEADER = "X-Session-Background"
"""Header of a page's automatic requests, which are not activity in the session."""
LOOK_HEADER = "X-Identifiers-Shown"
"""Header of an answer with whole identifiers: the route that the audit log has been given."""
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class ApiProblemError(Exception):
    """The API refused; `status`, `code` and `detail` come from its problem+json answer."""

    def __init__(self, status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors or []

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed later."""
        return self.status >= _SERVER_ERROR or self.status == _TOO_MANY_REQUESTS


class ApiUnreachableError(Exception):
    """The API could not be reached."""


class ApiSilentError(ApiUnreachableError):
    """The API got the request but did not answer; whether it acted is unknown."""


class ApiConnection:
    """Sends requests with one token, optionally for a person: with their session and address.

    `looks` are the routes that answered with whole identifiers; `may_have_changed` says whether it sent a change.
    """

    def __init__(
        self, http: httpx.Client, *, session: str | None = None, address: str | None = None, background: bool = False
    ) -> None:
        self._http = http
        given = {SESSION_HEADER: session, CLIENT_ADDRESS_HEADER: address, BACKGROUND_HEADER: "1" if background else ""}
        self._headers = {name: value for name, value in given.items() if value}
        self.looks: set[str] = set()
        self.may_have_changed = False

    @classmethod
    def connect(cls, base_url: str, token: str, *, timeout_seconds: float = 30) -> Self:
        """A client with its own connection pool."""
        headers = {"Authorization": f"Bearer {token}"}
        return cls(httpx.Client(base_url=base_url, headers=headers, timeout=timeout_seconds))

    def on_behalf_of(self, session: str | None, *, address: str | None = None, background: bool = False) -> Self:
        """The same connections, acting for a person with their session, if any, and their address.

        `background` requests are not activity, so an idle session ends.
        """
        return type(self)(self._http, session=session, address=address, background=background)

    def _call(self, method: str, path: str, model: type[Answer], **request: Any) -> Answer:
        return model.model_validate_json(self._send(method, path, **request).content)

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, QueryValue] | None = None,
        *,
        media_type: str | None = None,
        **request: Any,
    ) -> httpx.Response:
        """The answer; `media_type` is that of `content`, where the body is no JSON."""
        given = {name: value for name, value in (params or {}).items() if value is not None}
        headers = self._build_headers() | ({"Content-Type": media_type} if media_type else {})
        self.may_have_changed |= method != "GET"
        try:
            response = self._http.request(method, path, params=given, headers=headers, **request)
        except _NEVER_SENT as error:
            raise ApiUnreachableError(f"The metrics API did not respond: {error}") from error
        except httpx.TransportError as error:
            raise ApiSilentError(f"The metrics API did not respond: {error}") from error
        if response.is_error:
            raise _problem(response)
        self.looks.update(response.headers.get_list(LOOK_HEADER))
        return response

    def _build_headers(self) -> dict[str, str]:
        """With the current request's id, so that one id appears in the logs of all services."""
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        return {**self._headers, "X-Request-ID": request_id} if request_id else self._headers


def _problem(response: httpx.Response) -> ApiProblemError:
    try:
        body = response.json()
    except ValueError:
        return ApiProblemError(response.status_code, "not_json", "The response was not JSON. Is this the metrics API?")
    return ApiProblemError(response.status_code, body["code"], body["detail"], body.get("errors"))
