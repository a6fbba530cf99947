"""Takes links."""

from datetime import UTC, datetime
from http import HTTPStatus

from metrics_api.api.bulk import JSON, MAX_BATCH_BYTES, NDJSON, Batch
from metrics_api.api.problems import not_found
from metrics_api.api.requests import PartialQuery
from metrics_api.api.routing import Resource, validate
from metrics_api.api.services import services
from metrics_api.ingest.links import delete_link, save_links
from viral_engine.contract.links import Link, LinkBatch, LinkItem
from viral_engine.contract.people import Scope
from viral_engine.contract.writes import ItemSaved, ItemsSaved

links = Resource("links")
_BATCH = Batch("items", LinkItem)


@links.route(
    "PUT",
    "/v1/links/<id:id>",
    scope=Scope.EVENTS_WRITE,
    answers={HTTPStatus.CREATED: ItemSaved, HTTPStatus.OK: ItemSaved},
)
def put_link(id: str, body: Link) -> tuple[ItemSaved, HTTPStatus]:  # noqa: A002 - the contract's name.
    """Store a link, replacing the one with this id."""
    link = validate(LinkItem, {"id": id, **body.model_dump()})
    with services().database.write() as connection:
        created = save_links(connection, [link], now=datetime.now(UTC)) == 1
    return ItemSaved(id=id, created=created), HTTPStatus.CREATED if created else HTTPStatus.OK


@links.route(
    "POST",
    "/v1/links",
    scope=Scope.EVENTS_WRITE,
    answers={HTTPStatus.OK: ItemsSaved},
    reads=LinkBatch,
    media_types=(JSON, NDJSON),
    max_body_bytes=MAX_BATCH_BYTES,
)
def post_links(query: PartialQuery) -> ItemsSaved:
    """Store a batch of links, replacing those that exist."""
    batch, rejected = _BATCH.read(partial=query.partial)
    created = 0
    if batch:
        with services().database.write() as connection:
            created = save_links(connection, batch, now=datetime.now(UTC))
    return ItemsSaved(created=created, replaced=len(batch) - created, rejected=rejected if query.partial else None)


@links.route("DELETE", "/v1/links/<id:id>", scope=Scope.EVENTS_WRITE, answers={HTTPStatus.NO_CONTENT: None})
def delete_one_link(id: str) -> None:  # noqa: A002 - the contract's name.
    """Delete a link; its events stay."""
    with services().database.write() as connection:
        if not delete_link(connection, id):
            raise not_found(f"link {id}")
