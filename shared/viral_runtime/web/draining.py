"""A web server's last seconds: it still serves but reports that it is not ready, so that proxies go elsewhere.

Kubernetes sends SIGTERM and stops routing requests in parallel, and either may come first.
"""

from collections.abc import Iterable
from http import HTTPStatus
from mmap import mmap
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from viral_contract.models.problem import Problem
from viral_runtime.web.request_log import find_request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

READINESS_PATH = "/readyz"
_STATUS = HTTPStatus.SERVICE_UNAVAILABLE
# By then another server answers, or this one has restarted.
_RETRY_SECONDS = "5"


class Draining:
    """Whether a server is about to stop. An instance from before the fork is shared by all processes."""

    def __init__(self) -> None:
        self._shared = mmap(-1, 1)

    @property
    def has_begun(self) -> bool:
        """Whether the server is no longer ready."""
        return self._shared[0] == 1

    def begin(self) -> None:
        """Stop being ready, permanently."""
        self._shared[0] = 1


def refuse_readiness(app: "WSGIApplication", draining: Draining) -> "WSGIApplication":
    """`app`, but not ready once draining has begun."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if draining.has_begun and environ["PATH_INFO"] == READINESS_PATH:
            return _build_refusal(find_request_id(environ.get("HTTP_X_REQUEST_ID", "")))(environ, start_response)
        return app(environ, start_response)

    return answer


def _build_refusal(request_id: str) -> Response:
    detail = "This server is shutting down. Try another one."
    problem = Problem(title=_STATUS.phrase, status=_STATUS, detail=detail, code="stopping")
    headers = {"X-Request-ID": request_id, "Retry-After": _RETRY_SECONDS}
    return Response(
        problem.model_dump_json(exclude_none=True), _STATUS, headers, content_type="application/problem+json"
    )
