"""Drops unknown fields that nobody needs to hear of one by one, before a model makes an error of each.

A body may hold tens of thousands of them, and an error takes many times the memory of the field that it is about.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel

_Schema = dict[str, Any]


class _Walk:
    """Goes through posted data beside its schema; `room` is how many more unknown fields are kept."""

    def __init__(self, definitions: dict[str, _Schema], room: int) -> None:
        self._definitions = definitions
        self._room = room
        self.dropped = 0

    def enter(self, data: Any, schemas: Iterable[_Schema]) -> None:
        """Drop from data that fits one of these schemas; objects that may hold any field are left alone."""
        choices = [choice for schema in schemas for choice in self._list_choices(schema)]
        if isinstance(data, dict):
            self._enter_object(data, [choice for choice in choices if choice.get("type") == "object"])
        elif isinstance(data, list):
            items = [choice["items"] for choice in choices if "items" in choice]
            for item in data if items else ():
                if isinstance(item, dict | list):
                    self.enter(item, items)

    def _enter_object(self, data: dict[str, Any], choices: list[_Schema]) -> None:
        if not choices or any(choice.get("additionalProperties", True) for choice in choices):
            return
        known = [choice.get("properties", {}) for choice in choices]
        for name in [name for name in data if not any(name in properties for properties in known)]:
            if self._room > 0:
                self._room -= 1
            else:
                del data[name]
                self.dropped += 1
        for name, value in data.items():
            if isinstance(value, dict | list):
                self.enter(value, [properties[name] for properties in known if name in properties])

    def _list_choices(self, schema: _Schema) -> list[_Schema]:
        if "$ref" in schema:
            return self._list_choices(self._definitions[schema["$ref"].rpartition("/")[2]])
        several = schema.get("anyOf") or schema.get("oneOf")
        return [choice for each in several for choice in self._list_choices(each)] if several else [schema]


@cache
def _build_schema(model: type[BaseModel]) -> _Schema:
    return model.model_json_schema()


def drop_surplus(model: type[BaseModel], data: Any, *, keep: int) -> int:
    """Take unknown fields out of the data for a model until `keep` of them are left; give how many were taken."""
    schema = _build_schema(model)
    walk = _Walk(schema.get("$defs", {}), keep)
    walk.enter(data, [schema])
    return walk.dropped
