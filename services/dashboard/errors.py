"""Errors in words: a page for people, problem details for the scripts of a page."""

import structlog
from dash.exceptions import DependencyException
from flask import Flask, Response, make_response, render_template, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, NotFound

from viral_contract.client.metrics_api import ApiProblemError, ApiSilentError, ApiUnreachableError
from viral_contract.models.problem import Problem, format_sentence

# The last stands for an answer of another version, as there are some while a new one is rolled out.
API_FAILURES = (ApiProblemError, ApiUnreachableError, ValidationError)
# A bug is no reason to ask again and again.
_TEMPORARY = (502, 503, 504)
_log = structlog.get_logger()


def is_switched_off(error: Exception) -> bool:
    """Whether the API refused because a flag switches the feature off."""
    return isinstance(error, ApiProblemError) and error.code == "feature_disabled"


def is_refused(error: Exception) -> bool:
    """Whether the API refused what the address or a form says."""
    return isinstance(error, ApiProblemError) and error.status in (400, 422)


def is_final(error: Exception) -> bool:
    """Whether the API has answered, and would answer the same again."""
    return isinstance(error, ApiProblemError) and error.status < 500


def format_failure(error: Exception) -> str:
    """Why an action changed nothing, in the API's own words where it has some."""
    if isinstance(error, ApiProblemError):
        reasons = "; ".join(_format_reason(each) for each in error.errors)
        return f"Nothing was changed: {reasons.rstrip('.')}." if reasons else error.detail
    if isinstance(error, ApiSilentError):
        return "The metrics API did not respond in time. Check whether this was saved before you try again."
    return "Nothing was changed: the metrics API is not responding. Try again in a minute."


def format_invalid(error: ValidationError) -> str:
    """What of a form is wrong before the API has seen it: "the name must have at most 100 characters"."""
    item = error.errors()[0]
    pointer = "/" + "/".join(str(step) for step in item["loc"])
    return _format_reason({"pointer": pointer, "detail": format_sentence(item)}).rstrip(".")


def _format_reason(wrong: dict[str, str]) -> str:
    """What is wrong, after the field's name where the detail goes on from it: "the target is required"."""
    detail = wrong["detail"].removeprefix("value ")
    field = wrong.get("pointer", "").rpartition("/")[2].lstrip("#").replace("_", " ")
    return f"the {field} {detail}" if field and not field.isdecimal() and detail[:1].islower() else detail


def is_page_request() -> bool:
    """Whether a person navigates, as opposed to a script of ours that fetches."""
    return request.method in ("GET", "HEAD") and not request.path.startswith("/_")


def build_problem(status: int, code: str, title: str, detail: str) -> Response:
    """RFC 9457 problem details."""
    problem = Problem(title=title, status=status, detail=detail, code=code)
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, status, content_type="application/problem+json")


def build_message_page(
    status: int, title: str, detail: str, *, way_on: tuple[str, str] = ("Go to the dashboard", "/")
) -> Response:
    """A page with one message, and the way on from there as (label, path)."""
    page = render_template("message.html", title=title, detail=detail, is_temporary=status in _TEMPORARY, way_on=way_on)
    return make_response(page, status)


def build_error(status: int, code: str, title: str, detail: str) -> Response:
    """The error in the form that suits who asks."""
    if is_page_request():
        return build_message_page(status, title, detail)
    return build_problem(status, code, title, detail)


def build_unavailable() -> Response:
    """The error while the metrics API does not answer."""
    return build_error(
        503,
        "api_unavailable",
        "Data is temporarily unavailable",
        "The metrics API is not responding. Try again in a minute. No data has been lost.",
    )


def answer_errors(server: Flask) -> None:
    """Answer every error in words, without a stack trace."""
    server.register_error_handler(HTTPException, _answer_http_error)
    server.register_error_handler(DependencyException, lambda _error: _answer_http_error(NotFound()))
    server.register_error_handler(Exception, _answer_bug)


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    return build_error(status, error.name.lower().replace(" ", "_"), error.name, error.description or error.name)


def _answer_bug(error: Exception) -> Response:
    _log.error("request_failed", path=request.path, exc_info=error)
    return build_error(500, "internal_error", "Something went wrong", "The error was logged. Try again.")
