"""The header and the figures of one case, and its place in the queue."""

from dataclasses import dataclass
from datetime import UTC
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.entity import format_entity, format_loop
from dashboard.cases.figures import format_dates
from dashboard.cases.verdict_card import Effects
from dashboard.cases.words import KINDS, STATUSES, find_reason
from dashboard.components.icons import build_icon
from dashboard.components.page_header import build_breadcrumb
from dashboard.components.strip import build_strip
from dashboard.formats import format_minute
from dashboard.links import CASES_PATH, LISTS_PATH, case_path, investigation_path
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import Case, CaseKind, CaseVerdict, VerdictEffect, VerdictRequest
from viral_contract.models.investigations import EntityKind
from viral_reports.figures import format_count, format_k, format_rate, format_signed

_MOST_NEIGHBORS = 100
_INVESTIGATED: dict[CaseKind, EntityKind] = {"referrer": "referrer", "device": "device", "network": "ip_address"}


@dataclass(frozen=True)
class Neighbors:
    """Where an open case stands in the queue."""

    place: int | None
    total: int
    previous_id: int | None
    next_id: int | None


def find_neighbors(api: MetricsApi, case: Case) -> Neighbors:
    """Its place among the open cases by what is at stake; the next one after a decided case is the first."""
    answer = api.fetch_cases(status="open", order="stake", limit=_MOST_NEIGHBORS)
    ids = [each.id for each in answer.cases]
    if case.id not in ids:
        return Neighbors(None, answer.total, None, ids[0] if ids else None)
    at = ids.index(case.id)
    following = ids[at + 1] if at + 1 < len(ids) else None
    return Neighbors(at + 1, answer.total, ids[at - 1] if at else None, following)


def build_header(case: Case, neighbors: Neighbors, *, may_list: bool) -> Component:
    """Who or what, whether it is open, and the ways on."""
    name = format_entity(case)
    copy = html.Button(
        build_icon("copy"),
        className="icon-button copy-id",
        type="button",
        **{"aria-label": "Copy id", "data-copy-text": case.entity},
    )
    chip = "rule-chip rule-open" if case.status == "open" else "rule-chip rule-plain"
    title = html.H1(
        [html.Span(name, className="whole-identifier"), copy, html.Span(STATUSES[case.status], className=chip)]
    )
    heading = html.Div([title, html.P(_format_about(case), className="summary")])
    ways = [*_build_ways(neighbors), *_build_listing(case, may_list=may_list), *_build_investigate(case)]
    controls = html.Div(ways, className="controls case-controls")
    way_back = build_breadcrumb(str(case.id), ("Cases", CASES_PATH))
    return html.Header([way_back, heading, controls], className="page-header case-header")


def _format_about(case: Case) -> str:
    seen = f"seen {format_dates(case.first_seen, case.last_seen)}"
    parts = (KINDS[case.kind], format_loop(case), seen, f"opened {format_minute(case.opened_at)} UTC")
    return " · ".join(part for part in parts if part)


def _build_ways(neighbors: Neighbors) -> list[Component]:
    if neighbors.place is None:
        return []
    place = html.Span(f"{neighbors.place} of {format_count(neighbors.total)}", className="hint")
    ways = ((neighbors.previous_id, "Previous case", "previous", "k"), (neighbors.next_id, "Next case", "next", "j"))
    return [place, *[_build_way(*way) for way in ways]]


def _build_way(case_id: int | None, label: str, icon: str, key: str) -> Component:
    look = "button button-square"
    if case_id is None:
        return html.Button(build_icon(icon), className=look, disabled=True, **{"aria-label": label})
    words = [build_icon(icon), html.Span(label, className="visually-hidden")]
    return html.Span(dcc.Link(words, href=case_path(case_id), className=look, title=label), **{"data-key": key})


def _build_listing(case: Case, *, may_list: bool) -> list[Component]:
    """The way to allow, deny or watch it, filled in."""
    if not may_list:
        return []
    named = {"add": "watch", "add_kind": case.kind, "value": case.entity}
    return [dcc.Link("Add to list…", href=f"{LISTS_PATH}?{urlencode(named)}", className="button")]


def _build_investigate(case: Case) -> list[Component]:
    kind = _INVESTIGATED.get(case.kind)
    if kind is None:
        return []
    path = investigation_path(kind, case.ref or case.entity, "")
    return [dcc.Link([build_icon("search"), "Investigate"], href=path, className="button")]


def fetch_effects(api: MetricsApi, case: Case) -> Effects:
    """What each verdict would change."""

    def preview(verdict: CaseVerdict) -> VerdictEffect:
        return api.preview_verdict(case.id, VerdictRequest(verdict=verdict, reason=find_reason(verdict, None)))

    return Effects(now=preview("unsure"), fraud=preview("fraud"), legitimate=preview("legitimate"))


def build_strip_of_case(case: Case, effects: Effects | None) -> Component:
    """What hangs on the case."""
    clicks, conversions = case.stake.clicks, case.stake.conversions
    converts = f"{format_rate(conversions / clicks)} convert" if clicks else "no click"
    return build_strip(
        ("Conversions at stake", format_count(conversions), "credited in the last 8 weeks"),
        ("Clicks", format_count(clicks), converts),
        *_describe_effect(effects),
        *_describe_invitees(case),
    )


def _describe_effect(effects: Effects | None) -> list[tuple[str, str, str]]:
    if effects is None:
        return []
    counted, left_out = effects.legitimate.k_factor_clean, effects.fraud.k_factor_clean
    note = f"K clean {format_k(counted)}; {format_k(left_out)} without"
    return [("Effect on K", format_signed(counted - left_out, decimals=3), note)]


def _describe_invitees(case: Case) -> list[tuple[str, str, str]]:
    for found in case.evidence:
        invitees, back = found.evidence.get("invitees"), found.evidence.get("active_again")
        if isinstance(invitees, int):
            return [("Invitees", format_count(invitees), f"{back} active again" if isinstance(back, int) else "")]
    days = (case.last_seen.astimezone(UTC).date() - case.first_seen.astimezone(UTC).date()).days + 1
    return [("Seen", format_dates(case.first_seen, case.last_seen), f"over {days} day{'s' if days > 1 else ''}")]
