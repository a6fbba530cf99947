"""Reads posted batches: whole, or the valid part of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from flask import request
from pydantic import BaseModel, TypeAdapter, ValidationError

from metrics_api.api.problems import ProblemError, format_errors, invalid
from metrics_api.api.routing import check_media_type, parse_json, read_bytes
from viral_engine.contract.problem import FieldError
from viral_engine.contract.writes import Rejected

Item = TypeVar("Item", bound=BaseModel)
JSON, NDJSON = "application/json", "application/x-ndjson"
MAX_BATCH_BYTES = 16 * 1024 * 1024
MAX_ITEMS = 10_000


class Batch(Generic[Item]):
    """A posted list under the name `field`, validated in one pass."""

    def __init__(self, field: str, item: type[Item]) -> None:
        self._field = field
        self._items: TypeAdapter[list[Item]] = TypeAdapter(list[item])  # type: ignore[valid-type]

    def read(self, *, partial: bool) -> tuple[list[Item], list[Rejected]]:
        """The batch's items and, of a partial one, what was left out.

        Raises ProblemError 400, 413, 415, or 422 with a pointer to every wrong value.
        """
        posted = self._parse()
        context = {"now": datetime.now(UTC)}
        try:
            return self._items.validate_python(posted, context=context), []
        except ValidationError as error:
            errors = format_errors(error, prefix=f"/{self._field}/")
            if not partial:
                raise invalid(errors) from error
            rejected = _group_by_item([item["loc"] for item in error.errors()], errors)
        valid = [item for index, item in enumerate(posted) if index not in rejected]
        left_out = [Rejected(index=index, errors=rejected[index]) for index in sorted(rejected)]
        return self._items.validate_python(valid, context=context), left_out

    def _parse(self) -> list[Any]:
        check_media_type(JSON, NDJSON)
        body = read_bytes()
        posted = _parse_lines(body) if request.mimetype == NDJSON else self._unwrap(parse_json(body))
        if not 1 <= len(posted) <= MAX_ITEMS:
            detail = f"must hold 1 to {MAX_ITEMS} items, not {len(posted)}"
            raise invalid([FieldError(pointer=f"/{self._field}", detail=detail)])
        return posted

    def _unwrap(self, posted: Any) -> list[Any]:
        if not isinstance(posted, dict) or not isinstance(posted.get(self._field), list):
            raise invalid([FieldError(pointer=f"/{self._field}", detail="must be a list")])
        unknown = [name for name in posted if name != self._field]
        if unknown:
            raise invalid([FieldError(pointer=f"/{name}", detail="is not a known field") for name in unknown])
        items: list[Any] = posted[self._field]
        return items


def _parse_lines(body: bytes) -> list[Any]:
    lines = [(number, line) for number, line in enumerate(body.splitlines(), start=1) if line.strip()]
    parsed = []
    for number, line in lines:
        try:
            parsed.append(parse_json(line))
        except ProblemError as error:
            detail = f"Line {number}: {error.problem.detail}"
            raise ProblemError(HTTPStatus.BAD_REQUEST, "not_json", detail) from error
    return parsed


def _group_by_item(places: Sequence[tuple[int | str, ...]], errors: list[FieldError]) -> dict[int, list[FieldError]]:
    grouped: dict[int, list[FieldError]] = {}
    for place, error in zip(places, errors, strict=True):
        grouped.setdefault(int(place[0]), []).append(error)
    return grouped
