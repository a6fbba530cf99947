"""What a case touches, as a graph: who was credited for whom, on which devices, from which networks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import Identifiers
from metrics_api.cases.timeline import list_days
from metrics_api.db.event_types import IS_COUNTED
from metrics_api.db.network_key import build_network_key
from viral_contract.models.cases import CaseGraph, CaseKind, GraphEdge, GraphNode

NodeKind = Literal["referrer", "invitee", "device", "network", "link"]
Node = tuple[NodeKind, str]
MOST_NODES = 50
_MOST_EVENTS = 200
_ORDER: Sequence[NodeKind] = ("referrer", "link", "device", "network", "invitee")
_WAY: Sequence[NodeKind] = ("referrer", "link", "invitee", "device", "network")
_EVENTS = text(f"""
    SELECT referrer_id, link_id, user_id, device_fingerprint, abbrev({build_network_key("ip_address")})
    FROM (SELECT event_id FROM case_conversions WHERE case_id = :id ORDER BY day DESC, event_id LIMIT {_MOST_EVENTS})
        AS at_stake JOIN attribution_events USING (event_id)
""")
# Who clicked, where nobody converted. The columns are as in _WAY.
_CLICKS: Mapping[CaseKind, str] = {
    "network": f"""
        SELECT referrer_id, NULL, NULL, NULL, CAST(:entity AS text)
        FROM referrers_per_network_day WHERE day = ANY(:days) AND ip_address = CAST(CAST(:entity AS text) AS inet)
        UNION ALL
        (SELECT NULL, NULL, nullif(user_id, ''), device_fingerprint, CAST(:entity AS text) FROM devices_per_network_day
        WHERE day = ANY(:days) AND ip_address = CAST(CAST(:entity AS text) AS inet) LIMIT {_MOST_EVENTS})
    """,
    "device": f"""
        SELECT referrer_id, link_id, nullif(user_id, ''), device_fingerprint, abbrev({build_network_key("ip_address")})
        FROM attribution_events WHERE device_fingerprint = :entity AND event_type = 'click' AND {IS_COUNTED}
            AND occurred_at BETWEEN :first AND :last ORDER BY occurred_at DESC LIMIT {_MOST_EVENTS}
    """,
}
_OWN_DEVICES = text("""
    SELECT device_fingerprint, user_id FROM device_users
    WHERE device_fingerprint = ANY(:devices) AND user_id = ANY(:referrers)
""")


@dataclass
class _Seen:
    """How often each thing was seen, and each pair in one event."""

    nodes: Counter[Node] = field(default_factory=Counter)
    edges: Counter[tuple[Node, Node]] = field(default_factory=Counter)

    def add(self, row: Row[Any]) -> None:
        """Count what one event names: the referrer or the link brought the invitee, who used a device on a network."""
        path = [(kind, value) for kind, value in zip(_WAY, row, strict=True) if value is not None]
        for node in path:
            self.nodes[node] += 1
        for edge in pairwise(path):
            self.edges[edge] += 1


def fetch_graph(connection: Connection, case: Row[Any], ipv6_prefix: int, identifiers: Identifiers) -> CaseGraph:
    """What the events at stake name, and without any what the clicks of a network or device do."""
    seen_between = {"days": list_days(case), "first": case.first_seen, "last": case.last_seen}
    given = {"id": case.id, "entity": case.entity, "ipv6_prefix": ipv6_prefix, **seen_between}
    rows = connection.execute(_EVENTS, given).all()
    if not rows and case.kind in _CLICKS:
        rows = connection.execute(text(_CLICKS[case.kind]), given).all()
    seen = _Seen()
    for row in rows:
        seen.add(row)
    own: Node = (case.kind, case.entity)
    seen.nodes[own] += 0
    used = _fetch_own_devices(connection, seen.nodes)
    return format_graph(own, seen.nodes, seen.edges, used, identifiers)


def _fetch_own_devices(connection: Connection, nodes: Iterable[Node]) -> set[tuple[Node, Node]]:
    """Which referrers have used which of the devices themselves."""
    names: dict[NodeKind, list[str]] = {kind: [name for each, name in nodes if each == kind] for kind in _ORDER}
    if not names["device"] or not names["referrer"]:
        return set()
    given = {"devices": names["device"], "referrers": names["referrer"]}
    rows = connection.execute(_OWN_DEVICES, given)
    return {(("referrer", row.user_id), ("device", row.device_fingerprint)) for row in rows}


def format_graph(
    own: Node,
    nodes: Mapping[Node, int],
    edges: Mapping[tuple[Node, Node], int],
    used: set[tuple[Node, Node]],
    identifiers: Identifiers,
) -> CaseGraph:
    """The graph with the case's own node first, then what was seen most; one node stands for all beyond the limit."""
    ordered = sorted(nodes, key=lambda node: (node != own, _ORDER.index(node[0]), -nodes[node], node[1]))
    is_cut = len(ordered) > MOST_NODES
    shown = _choose(ordered) if is_cut else ordered
    left_out = len(ordered) - len(shown)
    more = [GraphNode(id="more", kind="more", label=f"+ {left_out} more", ref=None)] if is_cut else []
    kept = set(shown)
    return CaseGraph(
        nodes=[_format_node(node, node == own, identifiers) for node in shown] + more,
        edges=[
            GraphEdge(
                source=_name(first, identifiers),
                target=_name(second, identifiers),
                events=edges.get((first, second), 0),
                suspicious=(first, second) in used,
            )
            for first, second in sorted(pair for pair in {*edges, *used} if kept.issuperset(pair))
        ],
        left_out=left_out,
    )


def _choose(ordered: Sequence[Node]) -> list[Node]:
    """As many as are shown, of each kind its share, so that invitees are not crowded out."""
    room, kinds = MOST_NODES - 1, [kind for kind in _ORDER if any(node[0] == kind for node in ordered)]
    chosen: list[Node] = []
    for place, kind in enumerate(kinds):
        share = (room - len(chosen)) // (len(kinds) - place)
        chosen += [node for node in ordered if node[0] == kind][:share]
    kept = set(chosen)
    return [node for node in ordered if node in kept]


def _name(node: Node, identifiers: Identifiers) -> str:
    """The node's id, which tells nobody what is masked."""
    kind, name = node
    return f"{kind}:{name if kind in ('referrer', 'link') else identifiers.references.to_alias(name)}"


def _format_node(node: Node, is_own: bool, identifiers: Identifiers) -> GraphNode:
    kind, name = node
    show = {
        "device": identifiers.show_device,
        "network": identifiers.show_ip_address,
        "invitee": identifiers.show_user,
    }.get(kind, str)
    return GraphNode(
        id=_name(node, identifiers),
        kind=kind,
        label=show(name),
        ref=identifiers.references.to_ref(name) if kind in ("device", "network") else None,
        suspicious=is_own,
    )
