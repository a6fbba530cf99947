"""No body and no query takes more than it names, at any depth, so that nobody sets what is not theirs to set."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from metrics_api.api.routing import Operation
from tests.contract.operations import list_operations, name_operation
from viral_engine.contract.reports import FinishedReport


def walk_models(given: Any) -> Iterator[type[BaseModel]]:
    """The models in a type, and those in their fields."""
    if isinstance(given, type) and issubclass(given, BaseModel):
        yield given
        for field in given.model_fields.values():
            yield from walk_models(field.annotation)
    for part in get_args(given):
        yield from walk_models(part)


@pytest.mark.parametrize("operation", list_operations(), ids=name_operation)
def test_what_is_not_named_is_refused(operation: Operation) -> None:
    # A worker of a newer release may say more about a report than is known here; that is dropped, and nothing is set.
    dropping = set(walk_models(FinishedReport))
    models = {model for given in (operation.body, operation.query) for model in walk_models(given)} - dropping
    assert [model.__name__ for model in models if model.model_config.get("extra") != "forbid"] == []
