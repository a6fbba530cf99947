"""Trusted networks: a school or an office behind one address clicks often and is no fraud."""

from collections.abc import Iterable
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, case, cast, delete, func, select
from sqlalchemy.dialects.postgresql import CIDR, distinct_on, insert

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.network_key import network_key
from metrics_api.db.paging import Page
from metrics_api.db.tables import trusted_networks
from metrics_api.detection.query import Query
from viral_contract.models.trusted_networks import Trust, TrustedNetwork

CURSOR = "trusted_networks"
_WIDEST = {4: 8, 6: 32}
_MAPPED_BITS = 96
_column = trusted_networks.c


def parse_network(given: str, ipv6_prefix: int) -> str:
    """The network in its canonical form, with its length; within IPv6, at least what is counted as one network.

    Raises ValueError with a sentence when it is none, has host bits set, or is too wide to be anybody's own.
    """
    try:
        interface = ip_interface(given)
    except ValueError as error:
        raise ValueError(f"{given} is not an IP address or a network such as 203.0.113.0/24") from error
    if "%" in given:
        raise ValueError(f"{given} names a zone, which only one machine knows")
    network = interface.network
    if interface.ip != network.network_address:
        raise ValueError(f"{given} has bits set beyond its prefix. The network is {network}")
    plain = without_mapping(network)
    widest = _WIDEST[plain.version]
    if plain.prefixlen < widest:
        raise ValueError(
            f"{given} is too wide. The largest IPv{plain.version} network that can be trusted is a /{widest}"
        )
    return str(ip_network(network_key(str(plain), ipv6_prefix)))


def without_mapping(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """An IPv4 network in IPv6 clothes is an IPv4 network, as it is with addresses of events."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def fetch_trusted_networks(
    connection: Connection, page: Page, ipv6_prefix: int, *, now: datetime
) -> list[TrustedNetwork]:
    """A page of the networks by address, and one row more if others follow."""
    statement = _select_trust(ipv6_prefix).limit(page.fetch)
    if page.after:
        statement = statement.where(_counted_as(ipv6_prefix) > cast(page.after[0], CIDR))
    return [_format_network(row, now) for row in connection.execute(statement)]


def count_trusted_networks(connection: Connection, ipv6_prefix: int) -> int:
    """How many networks there are, the expired ones too."""
    return connection.execute(select(func.count(_counted_as(ipv6_prefix).distinct()))).scalar_one()


def fetch_trusted_network(
    connection: Connection, cidr: str, ipv6_prefix: int, *, now: datetime
) -> TrustedNetwork | None:
    """One network, or None when it was never trusted."""
    statement = _select_trust(ipv6_prefix).where(_counted_as(ipv6_prefix) == cidr)
    row = connection.execute(statement).one_or_none()
    return _format_network(row, now) if row else None


def _counted_as(ipv6_prefix: int) -> ColumnElement[str]:
    """The trusted network as it counts: what was trusted before the prefix became shorter is as wide as it is now."""
    wide = func.set_masklen(_column.cidr, func.least(func.masklen(_column.cidr), ipv6_prefix))
    return cast(case((func.family(_column.cidr) == 6, wide), else_=_column.cidr), CIDR)


def _select_trust(ipv6_prefix: int) -> Select[Any]:
    """The trusted networks as they count; of several that became one, the trust that ends last."""
    network = _counted_as(ipv6_prefix)
    columns = (_column.reason, _column.expires_at, _column.created_at, _column.created_by)
    statement = select(cast(network, Text).label("cidr"), *columns).ext(distinct_on(network))
    return statement.order_by(network, _column.expires_at.desc().nulls_first(), _column.cidr)


def save_trusted_network(
    connection: Connection, cidr: str, ipv6_prefix: int, trust: Trust, *, actor: str, now: datetime
) -> bool:
    """Trust the network, or change why and until when; says whether it is new. The audit keeps both states."""
    before = _lock(connection, cidr, ipv6_prefix)
    connection.execute(delete(trusted_networks).where(_counted_as(ipv6_prefix) == cidr, _column.cidr != cidr))
    values = {"cidr": cidr, **trust.model_dump(), "created_at": now, "created_by": actor}
    statement = insert(trusted_networks).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["cidr"], set_=trust.model_dump()))
    _note(connection, "trust_network", cidr, before, trust.model_dump(mode="json"), actor=actor, now=now)
    return before is None


def delete_trusted_network(connection: Connection, cidr: str, ipv6_prefix: int, *, actor: str, now: datetime) -> bool:
    """No longer trust the network, nor what counts as it; says whether it was trusted."""
    before = _lock(connection, cidr, ipv6_prefix)
    if before is None:
        return False
    connection.execute(delete(trusted_networks).where(_counted_as(ipv6_prefix) == cidr))
    _note(connection, "stop_trusting_network", cidr, before, None, actor=actor, now=now)
    return True


def _lock(connection: Connection, cidr: str, ipv6_prefix: int) -> dict[str, Any] | None:
    """The trust that ends last, with all that counts as the network locked."""
    statement = select(_column.reason, _column.expires_at).where(_counted_as(ipv6_prefix) == cidr)
    latest_first = statement.order_by(_column.expires_at.desc().nulls_first(), _column.cidr).with_for_update()
    row = connection.execute(latest_first).first()
    return None if row is None else Trust.model_validate(dict(row._mapping)).model_dump(mode="json")


def _note(
    connection: Connection,
    action: str,
    cidr: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    actor: str,
    now: datetime,
) -> None:
    subject = f"trusted_network:{cidr}"
    save_audit_entry(connection, actor=actor, action=action, subject=subject, before=before, after=after, now=now)


def _format_network(row: Row[Any], now: datetime) -> TrustedNetwork:
    return TrustedNetwork(**row._mapping, active=row.expires_at is None or row.expires_at > now)


def fetch_active_trust(connection: Connection, query: Query) -> dict[str, str]:
    """The reason of every network that is trusted now, by network."""
    is_active = _column.expires_at.is_(None) | (_column.expires_at > query.now)
    rows = connection.execute(_select_trust(query.settings.fraud_ipv6_prefix).where(is_active))
    return {row.cidr: row.reason for row in rows}


def find_network(networks: Iterable[str], network: str) -> str:
    """The narrowest of the networks that hold the network. Raises ValueError when none does."""
    found = ip_network(network)
    return max(
        (cidr for cidr in networks if _holds(ip_network(cidr), found)), key=lambda cidr: ip_network(cidr).prefixlen
    )


def _holds(wide: IPv4Network | IPv6Network, narrow: IPv4Network | IPv6Network) -> bool:
    return wide.version == narrow.version and wide[0] <= narrow[0] and narrow[-1] <= wide[-1]  # type: ignore[operator]
