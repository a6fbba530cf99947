"""Describes the values that a setting allows."""

from collections.abc import Mapping
from typing import Any

_TYPES = {"boolean": "true or false"}
_FORMATS = {"email": "an email address", "path": "a path"}


def format_range(schema: Mapping[str, Any]) -> str:
    """The allowed values of a field from its JSON schema, or from `valid` if the schema cannot express them."""
    for option in schema.get("anyOf", ()):
        if option.get("type") != "null":
            schema = {**schema, **option}
    if valid := schema.get("valid"):
        return str(valid)
    if options := schema.get("enum"):
        return " or ".join(options)
    if pattern := schema.get("pattern"):
        return f"text that matches {pattern}"
    if length := schema.get("minLength"):
        return f"at least {length} character{'s' if length > 1 else ''}"
    plain = _FORMATS.get(schema.get("format", "")) or _TYPES.get(schema.get("type", ""), "any text")
    return _format_limits(schema) or plain


def _format_limits(schema: Mapping[str, Any]) -> str:
    low, high, above = (schema.get(name) for name in ("minimum", "maximum", "exclusiveMinimum"))
    if above is not None:
        return f"more than {above:g}" + ("" if high is None else f", at most {high:g}")
    if low is None:
        return ""
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"
