"""Reads posted batches: whole, or the valid part of them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from metrics_api.api.batch_items import split_lines, split_list
from metrics_api.api.bodies import read_bytes
from metrics_api.api.problems import MAX_ERRORS, ProblemError, format_errors, invalid
from metrics_api.api.routing import MAX_BODY_BYTES, MAX_MARKS, check_media_type, count_marks
from viral_contract.models.problem import FieldError
from viral_contract.models.writes import Rejected

Item = TypeVar("Item", bound=BaseModel)
Kept = TypeVar("Kept")
JSON, NDJSON = "application/json", "application/x-ndjson"
MAX_BATCH_BYTES = 16 * 1024 * 1024
MAX_ITEMS = 10_000


class PartialQuery(BaseModel):
    """How a batch with invalid items is treated."""

    model_config = ConfigDict(extra="forbid")

    partial: bool = Field(False, description="Store the valid items and list the rejected ones")


class Rejections:
    """The rejected items of a batch; the first MAX_ERRORS of their errors are listed."""

    def __init__(self) -> None:
        self.items: list[Rejected] = []
        self.more_errors = 0
        self._room = MAX_ERRORS

    def add(self, index: int, errors: list[FieldError], total: int) -> None:
        """Add an item with the first of its `total` errors."""
        listed = errors[: self._room]
        self._room -= len(listed)
        self.more_errors += total - len(listed)
        self.items.append(Rejected(index=index, errors=listed))

    def as_problem(self) -> ProblemError:
        """The error for a batch that may not be stored in part."""
        return invalid([error for item in self.items for error in item.errors], more=self.more_errors)


class _BrokenItemError(Exception):
    """An item that cannot be read, and why."""

    def __init__(self, status: HTTPStatus, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.code = status, code


class Batch(Generic[Item, Kept]):
    """A posted list under the name `field`, read item by item, so that memory holds it only once.

    `keep` converts a valid item into what is held until all are read.
    """

    def __init__(self, field: str, item: type[Item], keep: Callable[[Item], Kept]) -> None:
        self._field = field
        self._adapter: TypeAdapter[Item] = TypeAdapter(item)
        self._keep = keep

    def read(self, *, partial: bool) -> tuple[list[Kept], Rejections]:
        """The valid items and, for a partial batch, the rejected ones.

        Raises ProblemError 400, 413, 415, or 422 with a pointer to every wrong value.
        """
        check_media_type(JSON, NDJSON)
        kept: list[Kept] = []
        rejections, context, index = Rejections(), {"now": datetime.now(UTC)}, -1
        for index, (place, item) in enumerate(self._split(read_bytes())):
            if index >= MAX_ITEMS:
                raise self._refuse_number("not more")
            try:
                kept.append(self._keep(self._adapter.validate_python(_parse(item), context=context)))
            except ValidationError as error:
                listed = format_errors(error, prefix=f"/{self._field}/{index}/")
                rejections.add(index, listed, error.error_count())
            except _BrokenItemError as error:
                if not partial:
                    detail = f"Nothing was changed. {place.format(index)} {error}."
                    raise ProblemError(error.status, error.code, detail) from error
                rejections.add(index, [self._format_broken(index, place, str(error))], 1)
        if index < 0:
            raise self._refuse_number("not 0")
        if rejections.items and not partial:
            raise rejections.as_problem()
        return kept, rejections

    def _split(self, body: bytes) -> Iterator[tuple[str, bytes]]:
        """Each item with the pattern of its pointer, in which {} stands for its index."""
        if request.mimetype == NDJSON:
            return ((f"Line {number}", line) for number, line in split_lines(body))
        return ((f"/{self._field}/{{}}", item) for item in split_list(body, self._field))

    def _format_broken(self, index: int, place: str, reason: str) -> FieldError:
        where = f"{place}: " if request.mimetype == NDJSON else ""
        return FieldError(pointer=f"/{self._field}/{index}", detail=f"{where}{reason}")

    def _refuse_number(self, instead: str) -> ProblemError:
        detail = f"must hold 1 to {MAX_ITEMS} items, {instead}"
        return invalid([FieldError(pointer=f"/{self._field}", detail=detail)])


def _parse(item: bytes) -> Any:
    if len(item) > MAX_BODY_BYTES:
        raise _too_large(f"must be at most {MAX_BODY_BYTES // 1024 // 1024} MiB")
    if count_marks(item) > MAX_MARKS:
        raise _too_large(f"must hold at most {MAX_MARKS} commas and brackets")
    try:
        return from_json(item, allow_inf_nan=False)
    except ValueError as error:
        raise _BrokenItemError(HTTPStatus.BAD_REQUEST, "not_json", f"is not JSON: {error}") from error


def _too_large(reason: str) -> _BrokenItemError:
    return _BrokenItemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", reason)
