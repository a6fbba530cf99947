"""What a case touches, as a picture in columns and as a list; where each node stands is worked out here."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.figures import cut_id
from dashboard.components.icons import build_icon
from dashboard.links import investigation_path, link_path, user_path
from viral_contract.models.cases import CaseGraph, GraphEdge, GraphNode
from viral_contract.models.investigations import EntityKind
from viral_reports.figures import format_count, format_counted

_COLUMNS = ("referrer", "link", "invitee", "device", "network")
_NAMES = {"referrer": "referrer", "invitee": "invitee", "link": "link", "device": "device", "network": "network"}
_KINDS: dict[str, EntityKind] = {"referrer": "referrer", "device": "device", "network": "ip_address"}
_WIDTH = 420
_MARGIN = 52
_ROW = 30
_LABELLED_ROW = 52
_LEAST_HEIGHT = 180
_RADIUS = 11
_INVITEE_RADIUS = 6
_LONGEST_LABEL = 15
_LONGEST_OF_MANY = 9


def build_graph(graph: CaseGraph) -> list[Component]:
    """The picture, which is the first to be seen where there is room, and the list that says the same."""
    if not graph.nodes:
        return [html.P("Nothing that is still kept", className="nothing")]
    picture = html.Div(
        className="graph-picture",
        # Its nodes are links, which an image cannot have.
        role="group",
        **{"aria-label": format_summary(graph), "data-plot": json.dumps(draw_graph(graph))},
    )
    listed = html.Details(
        [html.Summary("As a list"), _build_list(graph)], className="graph-list", **{"data-plot-list": "true"}
    )
    return [picture, *_build_notes(graph), listed]


def format_summary(graph: CaseGraph) -> str:
    """What the picture shows, in one sentence."""
    counts = Counter(str(node.kind) for node in graph.nodes)
    shown = [format_counted(counts[kind], _NAMES[kind]) for kind in _COLUMNS if counts[kind]]
    more = f", and {format_count(graph.left_out)} more" if graph.left_out else ""
    suspicious = sum(edge.suspicious for edge in graph.edges)
    ties = f"; {format_counted(suspicious, 'suspicious tie')}" if suspicious else ""
    return f"Connects {', '.join(shown)}{more}{ties}"


def draw_graph(graph: CaseGraph) -> dict[str, Any]:
    """What assets/plot.js draws: a size, headings of columns, lines, and circles with their words."""
    columns = [kind for kind in _COLUMNS if any(node.kind == kind for node in graph.nodes)]
    by_column = {kind: [node for node in graph.nodes if node.kind == kind] for kind in columns}
    more = [node for node in graph.nodes if node.kind == "more"]
    if columns and more:
        by_column[columns[-1]] += more
    height = max(_LEAST_HEIGHT, *(len(nodes) * _step_of(kind) for kind, nodes in by_column.items()))
    places = _place(by_column, columns, height)
    known = {node.id: node for node in graph.nodes}
    ties = _count_ties(graph.edges, known)
    longest = _LONGEST_LABEL if len(columns) < len(_COLUMNS) else _LONGEST_OF_MANY
    return {
        "width": _WIDTH,
        "height": height + 24,
        "columns": [_head(kind, by_column[kind], places) for kind in columns],
        "lines": [_line(edge, places) for edge in graph.edges if edge.source in places and edge.target in places],
        "nodes": [_dot(node, places[node.id], ties[node.id], longest) for node in graph.nodes if node.id in places],
    }


def _step_of(kind: str) -> int:
    return _ROW if kind == "invitee" else _LABELLED_ROW


def _place(
    by_column: Mapping[str, Sequence[GraphNode]], columns: Sequence[str], height: int
) -> dict[str, tuple[float, float]]:
    """Where each node stands: its column from left to right, spread over the height."""
    between = (_WIDTH - 2 * _MARGIN) / max(len(columns) - 1, 1)
    places = {}
    for at, kind in enumerate(columns):
        nodes = by_column[kind]
        x = _WIDTH / 2 if len(columns) == 1 else _MARGIN + at * between
        for row, node in enumerate(nodes):
            places[node.id] = (round(x, 1), round(height * (row + 0.5) / len(nodes), 1))
    return places


def _count_ties(edges: Sequence[GraphEdge], known: Mapping[str, GraphNode]) -> Counter[str]:
    """How many invitees stand behind each node."""
    ties: Counter[str] = Counter()
    for edge in edges:
        for one, other in ((edge.source, edge.target), (edge.target, edge.source)):
            if one in known and known[one].kind == "invitee":
                ties[other] += 1
    return ties


def _head(kind: str, nodes: Sequence[GraphNode], places: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    number = sum(node.kind == kind for node in nodes)
    text = _NAMES[kind].capitalize() if number == 1 else format_counted(number, _NAMES[kind])
    return {"x": places[nodes[0].id][0], "text": text}


def _line(edge: GraphEdge, places: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    (x1, y1), (x2, y2) = places[edge.source], places[edge.target]
    middle = (x1 + x2) / 2
    return {"path": f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}", "hot": edge.suspicious}


def _dot(node: GraphNode, place: tuple[float, float], ties: int, longest: int) -> dict[str, Any]:
    is_invitee = node.kind == "invitee"
    # The page is titled by the referrer of a case.
    is_named = not is_invitee and not (node.kind == "referrer" and node.suspicious)
    return {
        "x": place[0],
        "y": place[1],
        "radius": _INVITEE_RADIUS if is_invitee else _RADIUS,
        "kind": node.kind,
        "hot": node.suspicious,
        "text": cut_id(node.label, longest) if is_named else "",
        "note": format_counted(ties, "invitee") if ties and node.kind in ("device", "network") else "",
        "title": node.label,
        "href": _find_path(node),
    }


def _find_path(node: GraphNode) -> str:
    """The page about a node, "" where there is none."""
    if node.kind == "link":
        return link_path(node.label)
    if node.kind == "invitee":
        return user_path(node.label)
    kind = _KINDS.get(node.kind)
    return investigation_path(kind, node.ref or node.label, "") if kind else ""


def _build_notes(graph: CaseGraph) -> list[Component]:
    """What is suspicious, in words."""
    names = {node.id: node for node in graph.nodes}
    hot = [edge for edge in graph.edges if edge.suspicious and edge.source in names and edge.target in names]
    if not hot:
        return []
    one, other = names[hot[0].source], names[hot[0].target]
    rest = f", and {format_counted(len(hot) - 1, 'other tie')} like this" if len(hot) > 1 else ""
    note = html.Span([html.Strong(_format_tie(one, other)), f"{rest}."])
    return [html.P([build_icon("info"), note], className="aside-note")]


def _format_tie(one: GraphNode, other: GraphNode) -> str:
    if one.kind == "referrer" and other.kind == "device":
        return f"The referrer used device {cut_id(other.label, _LONGEST_LABEL)} too"
    return f"{_name(one)} and {_name(other)} belong together"


def _name(node: GraphNode) -> str:
    return f"{_NAMES.get(node.kind, '').capitalize()} {cut_id(node.label)}".strip()


def _build_list(graph: CaseGraph) -> Component:
    """Every node with the number of its ties."""
    ties = Counter(end for edge in graph.edges for end in (edge.source, edge.target))
    items = [
        _build_item(node, ties[node.id]) for kind in (*_COLUMNS, "more") for node in graph.nodes if node.kind == kind
    ]
    return html.Ul(items, className="graph-items")


def _build_item(node: GraphNode, ties: int) -> Component:
    path = _find_path(node)
    name: Component | str = dcc.Link(node.label, href=path) if path else node.label
    kind = html.Span(f"{_NAMES.get(node.kind, '').capitalize()} ", className="graph-kind")
    suspicious = [html.Span("Suspicious", className="rule-chip rule-flags")] if node.suspicious else []
    return html.Li([kind, name, html.Span(f" · {format_counted(ties, 'tie')}", className="hint"), *suspicious])
