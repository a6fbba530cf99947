"""Walks the declared operations and makes a path for each."""

import re

from metrics_api.api.routing import Operation
from metrics_api.app import RESOURCES

_UUID = re.compile(r"<uuid:\w+>")
_CHOICE = re.compile(r"<any\((\w+)[^)]*\):\w+>")
_PARAMETER = re.compile(r"<(?:[^:>]+:)?(\w+)>")


def list_operations() -> list[Operation]:
    """Every operation of every resource."""
    return [operation for resource in RESOURCES for operation in resource.operations]


def build_path(operation: Operation, value: str = "1") -> str:
    """The operation's path with the same value for each of its parameters, but for those with a fixed choice."""
    path = _CHOICE.sub(r"\1", operation.rule)
    return _PARAMETER.sub(value, _UUID.sub("00000000-0000-0000-0000-000000000001", path))


def list_guarded() -> list[Operation]:
    """The operations that need a token."""
    return [operation for operation in list_operations() if operation.scope is not None]


def name_operation(operation: Operation) -> str:
    """How a test of this operation is called."""
    return f"{operation.method} {operation.rule}"
