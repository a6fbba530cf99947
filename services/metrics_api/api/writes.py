"""Routes by which other services write items: one by PUT, many by POST, and DELETE."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar

from pydantic import BaseModel

from metrics_api.api.bulk import JSON, MAX_BATCH_BYTES, NDJSON, Batch, PartialQuery
from metrics_api.api.context import current_context
from metrics_api.api.problems import not_found
from metrics_api.api.routing import Resource, View, read_body, validate
from metrics_api.ingest.late_items import Saved
from viral_contract.models.people import Scope
from viral_contract.models.writes import ItemSaved, ItemsSaved

Item = TypeVar("Item", bound=BaseModel)
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Writing(Generic[Item, Kept]):
    """How one kind of item is written.

    `name` is for messages, `one` the model of a PUT, `item` the same with its id, `batch` that of a POST. `keep`
    converts a valid item into what is held until all are read; `save` stores those and returns counts; `delete`
    returns whether the item existed.
    """

    name: str
    one: type[BaseModel]
    item: type[Item]
    batch: type[BaseModel]
    keep: Callable[[Item], Kept]
    save: Callable[[Sequence[Kept]], Saved]
    delete: Callable[[str], bool]


def build_writes(writing: Writing[Item, Kept]) -> Resource:
    """The routes of one kind."""
    resource = Resource(writing.name.replace(" ", "_") + "s")
    many = f"/v1/{writing.name.replace(' ', '-')}s"
    one = f"{many}/<id:id>"
    saved = {HTTPStatus.CREATED: ItemSaved, HTTPStatus.OK: ItemSaved}
    resource.route("PUT", one, scope=Scope.EVENTS_WRITE, answers=saved, reads=writing.one)(_build_put(writing))
    resource.route(
        "POST",
        many,
        scope=Scope.EVENTS_WRITE,
        answers={HTTPStatus.OK: ItemsSaved},
        reads=writing.batch,
        media_types=(JSON, NDJSON),
        max_body_bytes=MAX_BATCH_BYTES,
    )(_build_post(writing))
    resource.route("DELETE", one, scope=Scope.EVENTS_WRITE, answers={HTTPStatus.NO_CONTENT: None})(
        _build_delete(writing)
    )
    return resource


def _build_put(writing: Writing[Item, Kept]) -> View:
    def put_item(id: str) -> tuple[ItemSaved, HTTPStatus]:  # noqa: A002 - the contract's name.
        body = read_body(writing.one)
        item = validate(writing.item, {"id": id, **body.model_dump()})
        saved = writing.save([writing.keep(item)])
        created = saved.created == 1
        late = {"expired": saved.expired == 1, "erased": saved.erased == 1}
        return ItemSaved(id=id, created=created, **late), HTTPStatus.CREATED if created else HTTPStatus.OK

    put_item.__doc__ = f"Store a {writing.name}, replacing the one with this id."
    return put_item


def _build_post(writing: Writing[Item, Kept]) -> View:
    posted = Batch("items", writing.item, writing.keep)

    def post_items(query: PartialQuery) -> ItemsSaved:
        batch, rejections = posted.read(partial=query.partial)
        saved = writing.save(batch) if batch else Saved(0)
        return ItemsSaved(
            created=saved.created,
            replaced=len(batch) - saved.created - saved.expired - saved.erased,
            expired=saved.expired,
            erased=saved.erased,
            rejected=rejections.items if query.partial else None,
            more_errors=rejections.more_errors,
        )

    post_items.__doc__ = f"Store a batch of {writing.name}s, replacing those that exist."
    return post_items


def _build_delete(writing: Writing[Item, Kept]) -> View:
    def delete_item(id: str) -> None:  # noqa: A002 - the contract's name.
        if not writing.delete(id):
            raise not_found(f"{writing.name} {current_context().pseudonyms.replace(id).id}")

    delete_item.__doc__ = f"Delete a {writing.name}."
    return delete_item
