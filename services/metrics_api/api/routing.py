"""Routes that declare scope, request and answers, so that none is open by accident and all are documented."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, Map

from metrics_api.api.authentication import authenticate, check_enabled
from metrics_api.api.bodies import drop_surplus, read_bytes
from metrics_api.api.problems import MAX_ERRORS, ProblemError, invalid, invalid_values
from viral_contract.models.flags import Flag
from viral_contract.models.people import Scope
from viral_contract.models.problem import FieldError
from viral_contract.models.values import normalize_id

Model = TypeVar("Model", bound=BaseModel)
View = Callable[..., Any]
ROW_ID = f"int(max={2**63 - 1})"
SMALL_ROW_ID = f"int(max={2**31 - 1})"
"""Converters of a row's id in a path, with the range of its column."""
MAX_BODY_BYTES = 1024 * 1024
MAX_MARKS = 80_000
"""More values than the largest valid content has; in memory each takes up to 70 bytes."""


class IdConverter(BaseConverter):
    """An id chosen by a caller, as in `/v1/links/<id:id>`: any text that can be stored, including slashes.

    `other_than` is a word that is a path of its own.
    """

    regex = "(?s:.+)"
    part_isolating = False

    def __init__(self, url_map: Map, other_than: str = "") -> None:
        super().__init__(url_map)
        if other_than:
            self.regex = rf"(?!{other_than}\Z){self.regex}"

    def to_python(self, value: str) -> str:
        """The id as it is stored. Raises NotFound for the one character that PostgreSQL cannot hold."""
        if "\0" in value:
            raise NotFound
        return normalize_id(value)


class _NoQuery(BaseModel):
    """No parameters, so that a mistyped one is an error."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Operation:
    """One method of one path, enforced and documented."""

    resource: str
    name: str
    method: str
    rule: str
    summary: str
    scope: Scope | None
    answers: Mapping[HTTPStatus, type[BaseModel] | None]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    media_types: tuple[str, ...]
    max_body_bytes: int = MAX_BODY_BYTES


@dataclass(frozen=True)
class Resource:
    """A group of routes, which a flag may switch off; a blueprint that remembers its operations."""

    name: str
    flag: Flag | None = None
    operations: list[Operation] = field(default_factory=list)
    blueprint: Blueprint = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blueprint", Blueprint(self.name, __name__))
        self.blueprint.record(_prepare_url_map)

    def route(
        self,
        method: str,
        rule: str,
        *,
        scope: Scope | None,
        answers: Mapping[HTTPStatus, type[BaseModel] | None],
        reads: type[BaseModel] | None = None,
        media_types: tuple[str, ...] = ("application/json",),
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> Callable[[View], View]:
        """Declare a route; `scope` None leaves it open to everyone.

        A view gets `query` and `body` as their models, `connection` as the transaction in which the caller was found,
        for views that only read, and the other parameters from the path. `reads` is the body's model if the view reads
        the body itself.
        """

        def register(view: View) -> View:
            wanted = inspect.signature(view).parameters
            query = wanted["query"].annotation if "query" in wanted else None
            body = wanted["body"].annotation if "body" in wanted else None
            summary = (inspect.getdoc(view) or "").split("\n")[0]
            declared = Operation(
                self.name,
                view.__name__,
                method,
                rule,
                summary,
                scope,
                answers,
                query,
                body or reads,
                media_types,
                max_body_bytes,
            )
            self.operations.append(declared)
            call = _call(view, scope, self.flag, query, body, max_body_bytes)
            self.blueprint.add_url_rule(rule, view.__name__, call, methods=[method])
            return view

        return register


def _prepare_url_map(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["id"] = IdConverter
    state.app.url_map.merge_slashes = False  # Two slashes in an id are not one.


def _call(
    view: View,
    scope: Scope | None,
    flag: Flag | None,
    query: type[BaseModel] | None,
    body: type[BaseModel] | None,
    max_body_bytes: int,
) -> View:
    reads = "connection" in inspect.signature(view).parameters

    def answer(given: dict[str, Any]) -> Any:
        if query is not None:
            given["query"] = read_query(query)
        elif scope is not None:
            read_query(_NoQuery)
        if body is not None:
            given["body"] = read_body(body)
        return view(**given)

    @wraps(view)
    def call(**path: str) -> Response:
        request.max_content_length = max_body_bytes
        with _begin(scope, flag) as connection:
            if reads:
                return _to_response(answer({**path, "connection": connection}))
        return _to_response(answer(dict(path)))

    return call


@contextmanager
def _begin(scope: Scope | None, flag: Flag | None) -> Iterator[Connection | None]:
    """The transaction in which the caller was found, None for a route that is open to everyone."""
    if scope is None:
        yield None
        return
    with authenticate(scope) as connection:
        if flag is not None:
            check_enabled(flag)
        yield connection


def _to_response(answer: Any) -> Response:
    if isinstance(answer, Response):
        return answer
    model, status = answer if isinstance(answer, tuple) else (answer, HTTPStatus.OK)
    if model is None:
        return Response(status=HTTPStatus.NO_CONTENT)
    return Response(model.model_dump_json(), status, content_type="application/json")


def read_query(model: type[Model]) -> Model:
    """The query parameters as a model. Raises ProblemError 422, with a pointer like `#days`."""
    given = {name: values[-1] for name, values in request.args.lists()}
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise invalid([FieldError(pointer=f"#{name}", detail="is given more than once") for name in repeated])
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise invalid_values(error, prefix="#") from error


def check_media_type(*allowed: str) -> None:
    """Raise ProblemError 415 unless the body is of one of the allowed media types."""
    if request.mimetype not in allowed:
        given = request.mimetype or "none"
        detail = f"The body's Content-Type is {given}; this route takes {' or '.join(allowed)}."
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)


def read_body(model: type[Model]) -> Model:
    """The JSON body as a model; no body is an empty object. Raises ProblemError 400, 415 or 422."""
    if not request.mimetype and not read_bytes():
        return validate(model, {})
    check_media_type("application/json")
    return validate(model, parse_json(read_bytes()))


def parse_json(body: bytes) -> Any:
    """The body's JSON. Raises ProblemError 400 with the position of a syntax error, or 413 for too many values."""
    if count_marks(body) > MAX_MARKS:
        detail = f"The body holds more than {MAX_MARKS} commas and brackets. Send it in smaller parts."
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "not_json", f"The body is not JSON: {error}.") from error


def count_marks(body: bytes) -> int:
    """The number of commas and opening brackets of a JSON text, an upper bound for the number of its values."""
    return sum(map(body.count, b",[{"))


def validate(model: type[Model], data: Any) -> Model:
    """The data as a model. Raises ProblemError 422 with a pointer to every invalid value."""
    dropped = drop_surplus(model, data, keep=MAX_ERRORS)
    try:
        return model.model_validate(data, context={"now": datetime.now(UTC)})
    except ValidationError as error:
        raise invalid_values(error, more=dropped) from error
