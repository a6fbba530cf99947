"""No body and no query takes more than it names, at any depth, so that nobody sets what is not theirs to set."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from metrics_api.api.routing import Operation
from tests.support.operations import list_operations, name_operation
from viral_contract.models.calendar import CalendarFileText
from viral_contract.models.pii import ScanRequest
from viral_contract.models.reports import FinishedReport

# What is looked at, and kept nowhere.
NOT_STORED = {ScanRequest, CalendarFileText}
# What does not stay as it is given: it opens by our own key, or is read as an address.
READ = {"cursor", "token", "target"}


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
    objects = [model for model in models if not issubclass(model, RootModel)]
    assert [model.__name__ for model in objects if model.model_config.get("extra") != "forbid"] == []


@pytest.mark.parametrize("operation", list_operations(), ids=name_operation)
def test_no_text_brings_the_character_that_postgresql_cannot_hold(operation: Operation) -> None:
    models = {model for given in (operation.body, operation.query) for model in walk_models(given)} - NOT_STORED
    fields = [(model, name) for model in models for name in model.model_fields.keys() - READ]
    assert [f"{model.__name__}.{name}" for model, name in fields if lets_nul_through(model.model_fields[name])] == []


def lets_nul_through(field: FieldInfo) -> bool:
    """Whether a text of the field, or one in its list or object, may hold U+0000; secrets are stored as hashes."""
    wanted: Any = Annotated[field.annotation, field]
    checked = TypeAdapter(wanted)
    for given in ("a\0b", ["a\0b"], {"a": "a\0b"}, {"a\0b": "a"}):
        with suppress(ValidationError):
            if rb"\u0000" in checked.dump_json(checked.validate_python(given)):
                return True
    return False
