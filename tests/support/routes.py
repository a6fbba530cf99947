"""Paths of routes for requests that are about no row in particular."""

from werkzeug.routing import AnyConverter, Rule


def list_path_values(rule: Rule) -> dict[str, object]:
    """A value for each part of the route's path."""
    return {name: _choose(name, rule) for name in rule.arguments}


def _choose(name: str, rule: Rule) -> object:
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return 1 if name.endswith("_id") else "some"
