"""Whether an event is of somebody or something on a list, in SQL."""

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import get_args

from metrics_api.db.event_types import COMPARED_USER_AGENT
from metrics_api.detection.entity_lists import Lists, Reasons
from viral_contract.models.entity_lists import ListKind, ListName

_FEW_NETWORKS = 32


def build_is_within(column: str, networks: str) -> str:
    """Whether an address or network is within one of those in the array `networks`; null for none.

    Of many they are looked up in a hash table, by the lengths there are; an address of the other family has no longer
    network than itself.
    """
    array = f"CAST({networks} AS inet[])"
    return f"""CASE WHEN cardinality({array}) <= {_FEW_NETWORKS} THEN {column} <<= ANY({array})
        WHEN {column} IS NOT NULL THEN EXISTS (
            SELECT FROM unnest(ARRAY(SELECT DISTINCT masklen(network) FROM unnest({array}) AS network)) AS length
            WHERE network(set_masklen({column}, least(length, masklen({column})))) = ANY(CAST({array} AS cidr[])))
        END"""


_COLUMNS: dict[ListKind, str] = {
    "network": build_is_within("ip_address", ":{list}_network"),
    "device": "device_fingerprint = ANY(CAST(:{list}_device AS text[]))",
    "referrer": "referrer_id = ANY(CAST(:{list}_referrer AS text[]))",
    "user_agent": f"{COMPARED_USER_AGENT} = ANY(CAST(:{{list}}_user_agent AS text[]))",
    "link": "link_id = ANY(CAST(:{list}_link AS text[]))",
}


def build_is_listed(name: ListName) -> str:
    """Whether an event is of an entity on the list; never null, so that it can be negated; wants `listing_values`."""
    return f"({build_listed_condition(name, get_args(ListKind))} IS TRUE)"


def build_listed_condition(name: ListName, kinds: Collection[ListKind]) -> str:
    """The condition on events of an entity of these kinds on the list, as indexes serve it; wants `listing_values`."""
    return f"({' OR '.join(_COLUMNS[kind].format(list=name) for kind in kinds)})"


def listing_values(lists: Lists) -> dict[str, object]:
    """What is allowed and what is denied, by kind."""
    by_name: dict[ListName, Reasons] = {"allow": lists.allow, "deny": lists.deny}
    return {
        f"{name}_{kind}": list_networks(reasons["network"]) if kind == "network" else list(reasons[kind])
        for name, reasons in by_name.items()
        for kind in get_args(ListKind)
    }


def list_networks(given: Collection[str]) -> list[str]:
    """The networks without those that are within another."""
    networks = [ip_network(network) for network in given]
    of_four = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    of_six = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    return [*map(str, of_four), *map(str, of_six)]
