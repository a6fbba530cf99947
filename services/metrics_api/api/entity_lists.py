"""Lists of what admins allow, deny or watch; trusted networks are the allowed networks."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from pydantic import Field
from sqlalchemy import Connection, Row

from metrics_api.access.identifiers import Identifiers
from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, invalid, not_found
from metrics_api.api.queries import ListQuery, build_identifiers, note_look, read_page, split_page
from metrics_api.api.routing import Resource
from metrics_api.detection import entity_lists as lists
from metrics_api.detection.entity_lists import Entry, EntryFilter
from metrics_api.detection.entity_values import parse_value
from viral_contract.models.entity_lists import (
    ListEntriesAnswer,
    ListEntry,
    ListEntryRequest,
    ListKind,
    ListName,
)
from viral_contract.models.flagged import SearchText
from viral_contract.models.people import Scope
from viral_contract.models.problem import FieldError
from viral_contract.models.trusted_networks import Trust, TrustedNetwork, TrustedNetworksAnswer

entity_lists = Resource("entity_lists")
trusted_networks = Resource("trusted_networks")
_KIND = "/v1/lists/<any(allow,deny,watch):list_name>/<any(network,device,referrer,user_agent,link):kind>"
_ENTRY = f"{_KIND}/<id:value>"
_NETWORK = "/v1/trusted-networks/<id:cidr>"
_TRUSTED = EntryFilter("allow", "network")
_MASKS: dict[str, Callable[[Identifiers, str], str]] = {
    "network": Identifiers.show_network,
    "device": Identifiers.show_device,
    "user_agent": Identifiers.show_user_agent,
}


class EntriesOfKindQuery(ListQuery):
    """Query of the entries of one kind."""

    q: SearchText | None = Field(None, description="Part of the value or the reason")


class EntriesQuery(EntriesOfKindQuery):
    """Query of all entries."""

    list: ListName | None = Field(None, description="Only entries of this list")
    kind: ListKind | None = Field(None, description="Only entries of this kind")


@entity_lists.route("GET", "/v1/lists", scope=Scope.ADMIN, answers={HTTPStatus.OK: ListEntriesAnswer})
def get_lists(query: EntriesQuery, connection: Connection) -> ListEntriesAnswer:
    """List what is allowed, denied or watched, including expired entries."""
    return _list_entries(connection, EntryFilter(query.list, query.kind, query.q), query)


@entity_lists.route("GET", _KIND, scope=Scope.ADMIN, answers={HTTPStatus.OK: ListEntriesAnswer})
def get_list(
    list_name: ListName, kind: ListKind, query: EntriesOfKindQuery, connection: Connection
) -> ListEntriesAnswer:
    """List the entries of one kind on one list, including expired ones."""
    return _list_entries(connection, EntryFilter(list_name, kind, query.q), query)


def _list_entries(connection: Connection, wanted: EntryFilter, query: ListQuery) -> ListEntriesAnswer:
    note_look(connection)
    rows, total, next_cursor = _fetch_page(connection, wanted, query)
    return ListEntriesAnswer(entries=[_format_entry(row) for row in rows], total=total, next_cursor=next_cursor)


def _fetch_page(
    connection: Connection, wanted: EntryFilter, query: ListQuery
) -> tuple[Sequence[Row[Any]], int, str | None]:
    page = read_page(query, lists.CURSOR)
    rows = lists.fetch_entries(connection, wanted, page, _ipv6_prefix())
    shown, next_cursor = split_page(page, lists.CURSOR, rows, "list", "kind", "value")
    return shown, lists.count_entries(connection, wanted, _ipv6_prefix()), next_cursor


@entity_lists.route("GET", _ENTRY, scope=Scope.ADMIN, answers={HTTPStatus.OK: ListEntry})
def get_list_entry(list_name: ListName, kind: ListKind, value: str, connection: Connection) -> ListEntry:
    """Get one entry, given its value or its ref: the reason, who added it, when, and until when."""
    note_look(connection)
    return _format_entry(_fetch(connection, _parse(list_name, kind, value, "#value")))


@entity_lists.route("PUT", _ENTRY, scope=Scope.ADMIN, answers={HTTPStatus.CREATED: ListEntry, HTTPStatus.OK: ListEntry})
def put_list_entry(
    list_name: ListName, kind: ListKind, value: str, body: ListEntryRequest
) -> tuple[ListEntry, HTTPStatus]:
    """Put a network, device, referrer, user agent or link on a list, or change the reason and expiry."""
    row, status = _save(_parse(list_name, kind, value, "#value"), body)
    return _format_entry(row), status


@entity_lists.route("DELETE", _ENTRY, scope=Scope.ADMIN, answers={HTTPStatus.NO_CONTENT: None})
def delete_list_entry(list_name: ListName, kind: ListKind, value: str) -> None:
    """Take an entry off its list."""
    _delete(_parse(list_name, kind, value, "#value"))


@trusted_networks.route(
    "GET", "/v1/trusted-networks", scope=Scope.ADMIN, answers={HTTPStatus.OK: TrustedNetworksAnswer}
)
def get_trusted_networks(query: ListQuery, connection: Connection) -> TrustedNetworksAnswer:
    """List trusted networks by address, including expired ones."""
    note_look(connection)
    rows, total, next_cursor = _fetch_page(connection, _TRUSTED, query)
    networks = [_format_network(row) for row in rows]
    return TrustedNetworksAnswer(trusted_networks=networks, total_networks=total, next_cursor=next_cursor)


@trusted_networks.route("GET", _NETWORK, scope=Scope.ADMIN, answers={HTTPStatus.OK: TrustedNetwork})
def get_trusted_network(cidr: str, connection: Connection) -> TrustedNetwork:
    """Get a trusted network: the reason, who added it, when, and until when."""
    note_look(connection)
    return _format_network(_fetch(connection, _parse("allow", "network", cidr, "#cidr")))


@trusted_networks.route(
    "PUT",
    _NETWORK,
    scope=Scope.ADMIN,
    answers={HTTPStatus.CREATED: TrustedNetwork, HTTPStatus.OK: TrustedNetwork},
)
def put_trusted_network(cidr: str, body: Trust) -> tuple[TrustedNetwork, HTTPStatus]:
    """Trust a network, in IPv6 the whole prefix: leave its clicks out of fraud flags, score and alerts."""
    row, status = _save(_parse("allow", "network", cidr, "#cidr"), body)
    return _format_network(row), status


@trusted_networks.route("DELETE", _NETWORK, scope=Scope.ADMIN, answers={HTTPStatus.NO_CONTENT: None})
def delete_trusted_network(cidr: str) -> None:
    """Stop trusting a network."""
    _delete(_parse("allow", "network", cidr, "#cidr"))


def _ipv6_prefix() -> int:
    return current_context().settings.detection.fraud_ipv6_prefix


def _parse(list_name: ListName, kind: ListKind, given: str, pointer: str) -> Entry:
    """The entry of a value or its ref. Raises ProblemError 422 for a value that no event can have."""
    context = current_context()
    try:
        value = parse_value(kind, context.references.to_identifier(given), _ipv6_prefix(), context.pseudonyms)
    except ValueError as error:
        raise invalid([FieldError(pointer=pointer, detail=str(error))]) from error
    return Entry(list_name, kind, value)


def _fetch(connection: Connection, entry: Entry) -> Row[Any]:
    row = lists.fetch_entry(connection, entry, _ipv6_prefix())
    if row is None:
        raise _not_listed(entry)
    return row


def _save(entry: Entry, body: ListEntryRequest) -> tuple[Row[Any], HTTPStatus]:
    actor, now, context = current_principal().name, datetime.now(UTC), current_context()
    with context.database.write() as connection:
        created = lists.save_entry(connection, entry, _ipv6_prefix(), body, context.references, actor=actor, now=now)
        saved = _fetch(connection, entry)
    return saved, HTTPStatus.CREATED if created else HTTPStatus.OK


def _delete(entry: Entry) -> None:
    actor, now, context = current_principal().name, datetime.now(UTC), current_context()
    with context.database.write() as connection:
        if not lists.delete_entry(connection, entry, _ipv6_prefix(), context.references, actor=actor, now=now):
            raise _not_listed(entry)


def _format_entry(row: Row[Any]) -> ListEntry:
    identifiers, mask = build_identifiers(), _MASKS.get(row.kind)
    return ListEntry(
        **{
            **row._mapping,
            "value": mask(identifiers, row.value) if mask else row.value,
            "ref": identifiers.references.to_ref(row.value) if mask else None,
            "alias": identifiers.references.to_alias(row.value),
            "active": lists.is_active(row, now=datetime.now(UTC)),
        }
    )


def _format_network(row: Row[Any]) -> TrustedNetwork:
    described = {name: value for name, value in row._mapping.items() if name not in ("list", "kind", "value")}
    cidr = build_identifiers().show_network(row.value)
    return TrustedNetwork(**described, cidr=cidr, active=lists.is_active(row, now=datetime.now(UTC)))


def _not_listed(entry: Entry) -> ProblemError:
    # Does not repeat the value: a reference may stand for one that this caller must not see.
    return not_found(f"such {entry.kind.replace('_', ' ')} on the list {entry.list}")
