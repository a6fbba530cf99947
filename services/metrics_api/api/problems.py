"""Every error in one shape: RFC 9457 problem details with a machine code."""

from http import HTTPStatus
from itertools import islice

import structlog
from flask import Flask, Response, request
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from redis import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from viral_contract.models.problem import FieldError, Problem, format_sentence
from viral_runtime.work.lease import NOT_HELD

_log = structlog.get_logger()
RETRY_SECONDS = 5
MAX_ERRORS = 100
"""The number of errors that one answer lists; the others are counted."""


class ProblemError(Exception):
    """An error that becomes the answer."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        errors: list[FieldError] | None = None,
        *,
        more_errors: int = 0,
        retry_after: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(
            title=status.phrase,
            status=status.value,
            detail=detail,
            code=code,
            errors=errors,
            more_errors=more_errors or None,
        )
        self.headers = {**(headers or {}), **({} if retry_after is None else {"Retry-After": str(retry_after)})}


def not_found(what: str) -> ProblemError:
    """The error for a path whose subject does not exist."""
    return ProblemError(HTTPStatus.NOT_FOUND, "not_found", f"There is no {what}.")


def not_held(detail: str) -> ProblemError:
    """The error for a worker that does not hold the row."""
    return ProblemError(HTTPStatus.CONFLICT, NOT_HELD, detail)


def invalid(errors: list[FieldError], *, more: int = 0) -> ProblemError:
    """The error for invalid values; `more` is the number of errors besides those listed."""
    listed = errors[:MAX_ERRORS]
    total = len(errors) + more
    places = ", ".join(error.pointer or "request" for error in listed[:3])
    others = f" and {total - 3} more" if total > 3 else ""
    detail = f"Nothing was changed. Invalid {places}{others}: {listed[0].detail}."
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return ProblemError(status, "invalid", detail, listed, more_errors=total - len(listed))


def format_errors(error: ValidationError, *, prefix: str = "/") -> list[FieldError]:
    """One entry per invalid value, with its pointer; at most MAX_ERRORS."""
    listed = islice(error.errors(include_url=False, include_input=False), MAX_ERRORS)
    return [_format_error(item, prefix) for item in listed]


def invalid_values(error: ValidationError, *, prefix: str = "/", more: int = 0) -> ProblemError:
    """The error for a model's validation error; `more` is the number of errors that it did not see."""
    errors = format_errors(error, prefix=prefix)
    return invalid(errors, more=error.error_count() - len(errors) + more)


def _format_error(item: ErrorDetails, prefix: str) -> FieldError:
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in item["loc"]]
    pointer = prefix + "/".join(steps) if steps else prefix.rstrip("/")
    return FieldError(pointer=pointer, detail=format_sentence(item))


def answer_problem(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The HTTP response for a problem."""
    body = problem.model_dump_json(exclude_none=True)
    response = Response(body, problem.status, headers, content_type="application/problem+json")
    if problem.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def register_problems(app: Flask) -> None:
    """Answer every error of the application as a problem."""
    app.register_error_handler(ProblemError, lambda error: answer_problem(error.problem, error.headers))
    app.register_error_handler(RequestEntityTooLarge, _answer_too_large)
    app.register_error_handler(HTTPException, _answer_http_error)
    for unreachable in (OperationalError, InterfaceError, PoolTimeoutError, RedisError):
        app.register_error_handler(unreachable, _answer_store_down)
    app.register_error_handler(Exception, _answer_unexpected)


def _answer_http_error(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    problem = Problem(
        title=status.phrase,
        status=status.value,
        detail=error.description or status.description,
        code=status.name.lower(),
    )
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    return answer_problem(problem, headers)


def _answer_too_large(_error: RequestEntityTooLarge) -> Response:
    allowed_mib = (request.max_content_length or 0) / 1024 / 1024
    return answer_problem(
        Problem(
            title=HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase,
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value,
            detail=f"The body is larger than {allowed_mib:g} MiB. Send it in smaller parts.",
            code="too_large",
        )
    )


def _answer_store_down(error: Exception) -> Response:
    _log.error("store_unavailable", error=type(error).__name__)
    status = HTTPStatus.SERVICE_UNAVAILABLE
    problem = Problem(
        title=status.phrase,
        status=status.value,
        detail="A data store is temporarily unavailable. Nothing was changed. Try again.",
        code="store_unavailable",
    )
    return answer_problem(problem, {"Retry-After": str(RETRY_SECONDS)})


def _answer_unexpected(error: Exception) -> Response:
    _log.error("unexpected_error", exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "Something went wrong on our side. Find this request in the logs by its X-Request-ID."
    return answer_problem(Problem(title=status.phrase, status=status.value, detail=detail, code="unexpected"))
