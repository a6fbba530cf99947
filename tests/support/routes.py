"""Paths of routes for requests that are about no row in particular."""

from uuid import UUID

from werkzeug.routing import AnyConverter, Rule, UUIDConverter


def list_path_values(rule: Rule) -> dict[str, object]:
    """A value for each part of the route's path."""
    return {name: _choose(name, rule) for name in rule.arguments}


def _choose(name: str, rule: Rule) -> object:
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    if isinstance(converter, UUIDConverter):
        return UUID(int=1)
    return 1 if name.endswith("_id") else "some"
