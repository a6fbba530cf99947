"""What admins allow, deny or watch: networks, devices, referrers, user agents and links.

The order is allow, deny, rules: what is allowed is never flagged, and what is denied always is. A trusted network, such
as a school's, is an allowed one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Any, NamedTuple, get_args

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    case,
    cast,
    delete,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import CIDR, distinct_on, insert

from metrics_api.access.audit import save_audit_entry
from metrics_api.access.identifiers import References
from metrics_api.db.paging import Page
from metrics_api.db.tables import entity_lists
from metrics_api.detection.query import Query
from viral_contract.models.entity_lists import ListEntryRequest, ListKind, ListName

CURSOR = "entity_lists"
_NO_NETWORK = "0.0.0.0/0"
_column = entity_lists.c
# What is listed as a network may be within a network of today's prefix, too.
_ABOUT = text("""
    SELECT list, kind, reason, CASE WHEN kind <> 'network' THEN value WHEN family(CAST(value AS inet)) = 4 THEN value
        ELSE CAST(network(set_masklen(
            CAST(value AS inet), least(masklen(CAST(value AS inet)), :ipv6_prefix))) AS text) END AS value
    FROM entity_lists
    WHERE (expires_at IS NULL OR expires_at > :now) AND (
        kind = 'network' AND CAST(value AS inet) && CAST(:network AS inet)
        OR list IN ('allow', 'deny', 'watch') AND (kind = 'device' AND value = :device
            OR kind = 'referrer' AND value = :referrer OR kind = 'link' AND value = :link
            OR kind = 'user_agent' AND value = :user_agent))
""")


class Entry(NamedTuple):
    """One value on one list."""

    list: ListName
    kind: ListKind
    value: str


@dataclass(frozen=True)
class EntryFilter:
    """Which entries are shown; `text` is a part of the value or the reason."""

    list: ListName | None = None
    kind: ListKind | None = None
    text: str | None = None


Reasons = Mapping[ListKind, Mapping[str, str]]


@dataclass(frozen=True)
class Lists:
    """The entries that are active now: their reasons by kind and value.

    A value that is allowed is neither in `deny` nor in `watch`, one that is denied is not in `watch`.
    """

    allow: Reasons
    deny: Reasons
    watch: Reasons


def fetch_active_lists(connection: Connection, query: Query) -> Lists:
    """Every entry that has not expired."""
    # Not in order: sorting by the database's collation takes longer than reading.
    value = _counted_as(query.settings.fraud_ipv6_prefix).label("value")
    found = select(_column.list, _column.kind, value, _column.reason).where(_is_active(query.now))
    return build_lists((Entry(row.list, row.kind, row.value), row.reason) for row in connection.execute(found))


def fetch_lists_about(connection: Connection, entities: Mapping[ListKind, str], query: Query) -> Lists:
    """The entries that have not expired and may hold one of these entities: each is looked up by an index."""
    given = {**dict.fromkeys(get_args(ListKind)), **entities}
    rows = connection.execute(_ABOUT, {**given, "now": query.now, "ipv6_prefix": query.settings.fraud_ipv6_prefix})
    return build_lists((Entry(row.list, row.kind, row.value), row.reason) for row in rows)


def fetch_allowed_networks(connection: Connection, query: Query) -> list[str]:
    """The allowed networks that have not expired."""
    is_allowed = and_(_column.list == "allow", _column.kind == "network", _is_active(query.now))
    return list(connection.execute(select(_counted_as(query.settings.fraud_ipv6_prefix)).where(is_allowed)).scalars())


def _is_active(now: datetime) -> ColumnElement[bool]:
    return _column.expires_at.is_(None) | (_column.expires_at > now)


def build_lists(entries: Iterable[tuple[Entry, str]]) -> Lists:
    """The lists of these entries with their reasons."""
    found: dict[ListName, dict[ListKind, dict[str, str]]] = {
        name: {kind: {} for kind in get_args(ListKind)} for name in get_args(ListName)
    }
    taken: set[tuple[ListKind, str]] = set()
    for entry, reason in sorted(entries):
        if (entry.kind, entry.value) not in taken:
            found[entry.list][entry.kind][entry.value] = reason
            taken.add((entry.kind, entry.value))
    return Lists(**found)


class Networks:
    """Networks by their length, so that the one that holds another is found without looking at each."""

    def __init__(self, networks: Iterable[str]) -> None:
        found: dict[tuple[int, int], dict[int, str]] = {}
        for network in networks:
            parsed = ip_network(network)
            found.setdefault((parsed.version, parsed.prefixlen), {})[int(parsed.network_address)] = network
        self._narrowest_first = sorted(found.items(), key=lambda item: item[0], reverse=True)

    def find(self, network: str) -> str | None:
        """The narrowest that holds the network."""
        wanted = ip_network(network)
        first = int(wanted.network_address)
        for (version, length), known in self._narrowest_first:
            if version == wanted.version and length <= wanted.prefixlen:
                behind = wanted.max_prefixlen - length
                if holder := known.get(first >> behind << behind):
                    return holder
        return None


def find_entry(reasons: Reasons, kind: ListKind, value: str) -> str | None:
    """The value on the list that holds the given one: of networks the narrowest."""
    if kind != "network":
        return value if value in reasons[kind] else None
    try:
        return Networks(reasons[kind]).find(value)
    except ValueError:
        return None


def find_list(lists: Lists, kind: ListKind, value: str) -> ListName | None:
    """The list that the value is on, the first in the order allow, deny, watch."""
    names: tuple[ListName, ...] = get_args(ListName)
    return next((name for name in names if find_entry(getattr(lists, name), kind, value) is not None), None)


def fetch_entries(connection: Connection, wanted: EntryFilter, page: Page, ipv6_prefix: int) -> list[Row[Any]]:
    """A page of the entries by list, kind and value, networks by address, and one row more if others follow."""
    statement = _select_entries(ipv6_prefix).where(*_conditions(wanted, ipv6_prefix)).limit(page.fetch)
    if page.after:
        name, kind, value = page.after
        network = value if kind == "network" else _NO_NETWORK
        behind = tuple_(literal(name), literal(kind), cast(network, CIDR), literal(value))
        statement = statement.where(tuple_(*_order(ipv6_prefix)) > behind)
    return list(connection.execute(statement).all())


def count_entries(connection: Connection, wanted: EntryFilter, ipv6_prefix: int) -> int:
    """How many entries match, the expired ones too."""
    key = tuple_(_column.list, _column.kind, _counted_as(ipv6_prefix))
    statement = select(func.count(key.distinct())).where(*_conditions(wanted, ipv6_prefix))
    return connection.execute(statement).scalar_one()


def fetch_entry(connection: Connection, entry: Entry, ipv6_prefix: int) -> Row[Any] | None:
    """One entry, or None where it is not on the list."""
    return connection.execute(_select_entries(ipv6_prefix).where(*_is(entry, ipv6_prefix))).one_or_none()


def is_active(row: Row[Any], *, now: datetime) -> bool:
    """Whether the entry has not expired."""
    return row.expires_at is None or row.expires_at > now


def _counted_as(ipv6_prefix: int) -> ColumnElement[str]:
    """The value as it counts: a network listed before the prefix became shorter is as wide as it would be now."""
    return case((_column.kind == "network", cast(_network(ipv6_prefix), Text)), else_=_column.value)


def _network(ipv6_prefix: int) -> ColumnElement[str]:
    cidr = cast(_column.value, CIDR)
    wide = func.set_masklen(cidr, func.least(func.masklen(cidr), ipv6_prefix))
    return cast(case((func.family(cidr) == 6, wide), else_=cidr), CIDR)


def _order(ipv6_prefix: int) -> tuple[ColumnElement[Any], ...]:
    network = case((_column.kind == "network", _network(ipv6_prefix)), else_=cast(_NO_NETWORK, CIDR))
    return _column.list, _column.kind, network, _counted_as(ipv6_prefix)


def _select_entries(ipv6_prefix: int) -> Select[Any]:
    """The entries as they count; of several networks that became one, the one that expires last."""
    columns = (_column.reason, _column.expires_at, _column.created_at, _column.created_by)
    order = _order(ipv6_prefix)
    statement = select(_column.list, _column.kind, _counted_as(ipv6_prefix).label("value"), *columns)
    latest_first = (*order, _column.expires_at.desc().nulls_first(), _column.value)
    return statement.ext(distinct_on(*order)).order_by(*latest_first)


def _conditions(wanted: EntryFilter, ipv6_prefix: int) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.list:
        conditions.append(_column.list == wanted.list)
    if wanted.kind:
        conditions.append(_column.kind == wanted.kind)
    if wanted.text:
        places = (_counted_as(ipv6_prefix), _column.reason)
        value, reason = (place.icontains(wanted.text, autoescape=True) for place in places)
        conditions.append(value | reason)
    return conditions


def _is(entry: Entry, ipv6_prefix: int) -> list[ColumnElement[bool]]:
    is_value = _counted_as(ipv6_prefix) == entry.value
    return [_column.list == entry.list, _column.kind == entry.kind, is_value]


def save_entry(
    connection: Connection,
    entry: Entry,
    ipv6_prefix: int,
    given: ListEntryRequest,
    references: References,
    *,
    actor: str,
    now: datetime,
) -> bool:
    """Put the value on the list, or change why and until when; says whether it is new. The audit keeps both states."""
    before, values = _lock(connection, entry, ipv6_prefix), given.model_dump()
    connection.execute(delete(entity_lists).where(*_is(entry, ipv6_prefix), _column.value != entry.value))
    row = {**entry._asdict(), **values, "created_at": now, "created_by": actor}
    statement = insert(entity_lists).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["list", "kind", "value"], set_=values))
    _note(connection, entry, references, before, given.model_dump(mode="json"), actor=actor, now=now)
    return before is None


def delete_entry(
    connection: Connection, entry: Entry, ipv6_prefix: int, references: References, *, actor: str, now: datetime
) -> bool:
    """Take the value, and what counts as it, off the list; says whether it was on it."""
    before = _lock(connection, entry, ipv6_prefix)
    if before is None:
        return False
    connection.execute(delete(entity_lists).where(*_is(entry, ipv6_prefix)))
    _note(connection, entry, references, before, None, actor=actor, now=now)
    return True


def _lock(connection: Connection, entry: Entry, ipv6_prefix: int) -> dict[str, Any] | None:
    """The entry that expires last, with all that counts as its value locked."""
    statement = select(_column.reason, _column.expires_at).where(*_is(entry, ipv6_prefix))
    latest_first = statement.order_by(_column.expires_at.desc().nulls_first(), _column.value).with_for_update()
    row = connection.execute(latest_first).first()
    return None if row is None else ListEntryRequest.model_validate(dict(row._mapping)).model_dump(mode="json")


def _note(
    connection: Connection,
    entry: Entry,
    references: References,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    actor: str,
    now: datetime,
) -> None:
    action, subject = _name_change(entry, references, is_gone=after is None)
    save_audit_entry(connection, actor=actor, action=action, subject=subject, before=before, after=after, now=now)


def _name_change(entry: Entry, references: References, *, is_gone: bool) -> tuple[str, str]:
    """The action and the subject of a change in the audit log, where an allowed network is a trusted one.

    The log outlives an erasure, so that it names by their alias whom and what can be erased.
    """
    is_of_many = entry.kind == "network" and ip_network(entry.value).num_addresses > 1
    name = entry.value if is_of_many else references.to_alias(entry.value)
    if (entry.list, entry.kind) == ("allow", "network"):
        return "stop_trusting_network" if is_gone else "trust_network", f"trusted_network:{name}"
    action = "remove_list_entry" if is_gone else "save_list_entry"
    return action, f"list_entry:{entry.list}/{entry.kind}/{name}"
