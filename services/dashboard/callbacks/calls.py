"""What a callback may be sent: what one of its pages sends. Anything else is refused in words, not met by an error."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dash import Dash
from dash.development.base_component import Component
from flask import Flask, Response, request
from pydantic import BaseModel, ConfigDict
from pydantic import ValidationError as InvalidError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from dashboard.callbacks.values import Part, check_id, check_value
from dashboard.errors import build_problem

CALLBACKS = "/_dash-update-component"
_ANY = ["ALL"]


class MisshapenError(Exception):
    """No page of ours sends this; the message says what is wrong."""


class _Argument(BaseModel):
    model_config = ConfigDict(strict=True)

    id: str | dict[str, Part]
    property: str
    value: Any = None


class _Call(BaseModel):
    model_config = ConfigDict(strict=True)

    output: str
    outputs: Any = None
    inputs: list[_Argument | list[_Argument]]
    state: list[_Argument | list[_Argument]] = []
    changedPropIds: list[str] = []  # noqa: N815 - Dash's name.


def refuse_misshapen_calls(server: Flask, app: Dash, layout: Component) -> None:
    """Answer 400 to calls that no page sends, for people who are signed in; the `layout` is of all pages."""
    components = {_name(each.id): each for each in _walk(layout) if getattr(each, "id", None)}

    @server.before_request
    def check_call() -> Response | None:
        if request.path != CALLBACKS or request.method != "POST":
            return None
        try:
            check(_read_body(), app.callback_map, lambda name: components.get(name))
        except MisshapenError as error:
            return build_problem(400, "misshapen_call", "No page sends this", str(error))
        return None


def check(body: object, known: Mapping[str, Any], find: Callable[[str], Component | None]) -> None:
    """Whether the body is a call of a known callback, with values that its components can have.

    Raises MisshapenError.
    """
    try:
        call = _Call.model_validate(body)
    except InvalidError as error:
        raise MisshapenError(f"The call is not in the form of Dash: {error.errors()[0]['loc']}.") from error
    callback = known.get(call.output)
    if callback is None or "callback" not in callback:
        raise MisshapenError("There is no such callback.")
    _check_arguments(call.inputs, callback["inputs"], find)
    _check_arguments(call.state, callback["state"], find)
    _check_outputs(call.outputs, callback["output"])
    for changed in call.changedPropIds:
        if not any(_is_input(changed, each) for each in callback["inputs"]):
            raise MisshapenError("What changed is no input of this callback.")


def _read_body() -> object:
    """The body; bytes that are no text, or nested beyond all sense, are as wrong as no JSON at all."""
    try:
        body: object = request.get_json()
        json.dumps(body, ensure_ascii=False).encode()
    except (BadRequest, UnsupportedMediaType, RecursionError, UnicodeEncodeError) as error:
        raise MisshapenError("The body has to be JSON.") from error
    return body


def _check_arguments(
    given: Sequence[_Argument | list[_Argument]],
    expected: Sequence[Mapping[str, str]],
    find: Callable[[str], Component | None],
) -> None:
    if len(given) != len(expected):
        raise MisshapenError(f"The callback takes {len(expected)} values here, not {len(given)}.")
    for argument, wanted in zip(given, expected, strict=True):
        if isinstance(argument, list) != _is_many(wanted["id"]):
            raise MisshapenError(f"{wanted['id']} stands for {'many' if _is_many(wanted['id']) else 'one'}.")
        for each in argument if isinstance(argument, list) else [argument]:
            _check_argument(each, wanted, find)


def _check_argument(given: _Argument, wanted: Mapping[str, str], find: Callable[[str], Component | None]) -> None:
    if given.property != wanted["property"] or not _matches(given.id, wanted["id"]):
        raise MisshapenError(f"The callback takes {wanted['id']}.{wanted['property']} here.")
    try:
        if isinstance(given.id, dict):
            check_id(given.id)
        check_value(_name(given.id), given.property, find(_name(given.id)), given.value)
    except InvalidError as error:
        raise MisshapenError(f"{wanted['id']}.{wanted['property']} cannot have this value.") from error


def _check_outputs(given: object, expected: Any) -> None:
    """The outputs are repeated in each call, and Dash takes them from there."""
    wanted = expected if isinstance(expected, list) else [expected]
    outputs = given if isinstance(given, list) else [given]
    if len(outputs) != len(wanted):
        raise MisshapenError("These are not the outputs of the callback.")
    for output, known in zip(outputs, wanted, strict=True):
        is_known = isinstance(output, dict) and output.get("id") == known.component_id
        if not is_known or str(output.get("property")).split("@")[0] != known.component_property:
            raise MisshapenError("These are not the outputs of the callback.")


def _is_input(changed: str, expected: Mapping[str, str]) -> bool:
    name, _, changed_property = changed.rpartition(".")
    if changed_property != expected["property"]:
        return False
    try:
        given = json.loads(name) if name.startswith("{") else name
        if isinstance(given, dict):
            check_id(given)
        return _matches(given, expected["id"])
    except (ValueError, RecursionError):
        return False


def _matches(given: str | dict[str, Any], expected: str) -> bool:
    if not expected.startswith("{") or not isinstance(given, dict):
        return given == expected
    pattern = json.loads(expected)
    return given.keys() == pattern.keys() and all(part in (_ANY, given[name]) for name, part in pattern.items())


def _is_many(expected: str) -> bool:
    return expected.startswith("{") and _ANY in json.loads(expected).values()


def _name(given: str | dict[str, Any]) -> str:
    return json.dumps(given, sort_keys=True) if isinstance(given, dict) else given


def _walk(layout: Any) -> Iterator[Component]:
    yield layout
    yield from layout._traverse()
