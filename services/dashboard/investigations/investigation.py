"""What one IP address, device or referrer did, and what it is linked to."""

from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint, build_kpis
from dashboard.components.page_header import GUARDRAILS, build_breadcrumb
from dashboard.components.table import (
    Column,
    build_identifier,
    build_link_to_all,
    build_moment,
    build_suspect,
    build_table,
    build_wide_table,
)
from dashboard.formats import format_masked, format_minute, format_seconds
from dashboard.links import events_path, link_path, user_path
from viral_contract.models.investigations import (
    DeviceInvestigation,
    EntityKind,
    Investigation,
    IpInvestigation,
    ReferrerInvestigation,
    RelatedEntities,
    RelatedEntity,
    RelatedKind,
)
from viral_reports.dates import format_day, format_period
from viral_reports.figures import format_count, format_counted, format_rate

EXPORT_PATH = "/dashboard/investigations.csv"
_NAMES: dict[EntityKind, str] = {"ip_address": "IP address", "device": "Device", "referrer": "Referrer"}
_RELATED: dict[RelatedKind, tuple[str, EntityKind | None]] = {
    "ip_addresses": ("IP addresses", "ip_address"),
    "devices": ("Devices", "device"),
    "referrers": ("Referrers", "referrer"),
    "links": ("Links", None),
    "loops": ("Loops", None),
    "users": ("Users", None),
    "user_agents": ("User agents", None),
}
_SERIES = [
    {"name": "click", "color": "accent"},
    {"name": "visit", "color": "teal.6"},
    {"name": "signup", "color": "yellow.7"},
    {"name": "conversion", "color": "orange.7"},
    {"name": "activation", "color": "grape.6"},
]


def build_investigation(found: Investigation, identifier: str, search: str, case: list[Component]) -> list[Component]:
    """Everything about one entity: its `case`, if there is one, and the verdict first."""
    return [
        _build_header(found, identifier, search),
        html.Div(
            [
                *([_section("Case", case)] if case else []),
                _section("Why it was flagged" if found.flagged else "Not flagged", _build_verdict(found)),
                _section("Timeline", [_build_timeline(found)]),
                *_build_related_sections(found, search),
                _section("Recent events", _build_events(found, identifier, search)),
            ],
            className="stack",
        ),
    ]


def _section(heading: str, body: list[Component]) -> Component:
    return html.Section([html.H2(heading, className="card-heading"), *body], className="card")


def _build_header(found: Investigation, identifier: str, search: str) -> Component:
    name = _NAMES[found.entity.kind]
    way_back = build_breadcrumb(name, GUARDRAILS, search)
    seen = _format_seen(found)
    title = html.H1(
        [f"{name} ", html.Span(format_masked(found.entity.shown, found.entity.alias), className="whole-identifier")]
    )
    heading = html.Div([title, html.P(seen, className="summary")])
    export = f"{EXPORT_PATH}{search}&{urlencode({'kind': found.entity.kind, 'id': identifier})}"
    link = html.A(
        "Export CSV", href=export, className="button", download="investigation.csv", **{"data-download": "true"}
    )
    return html.Header([way_back, heading, html.Div(link, className="controls")], className="page-header")


def _format_seen(found: Investigation) -> str:
    first, last = found.entity.first_seen, found.entity.last_seen
    seen = f" · first seen {format_minute(first)}, last {format_minute(last)} UTC" if first and last else ""
    return f"{format_period(found.period)}{seen}"


def _build_verdict(found: Investigation) -> list[Component]:
    totals = [(format_count(count), kind.capitalize() + "s") for kind, count in found.totals.items() if count]
    return [
        build_hint(found.rule),
        *([build_kpis(*totals)] if totals else []),
        *_build_days(found),
        *_build_limits(found),
    ]


def _build_limits(found: Investigation) -> list[Component]:
    if not found.truncated:
        return []
    looked = f"Based on the {format_count(found.looked_at_events)} most recent events"
    return [build_hint(f"{looked}, since {format_minute(found.looked_at_from)} UTC. Days and clicks are complete.")]


def _build_days(found: Investigation) -> list[Component]:
    if isinstance(found, IpInvestigation):
        return [*_build_trust(found), _build_ip_days(found)]
    if isinstance(found, DeviceInvestigation):
        return [_build_bursts(found)]
    if isinstance(found, ReferrerInvestigation):
        return [_build_referrer_days(found)]
    return []


def _build_trust(found: IpInvestigation) -> list[Component]:
    trusted = found.trusted_network
    return [build_hint(f"Part of trusted network {trusted.cidr}: {trusted.reason}")] if trusted else []


def _build_ip_days(found: IpInvestigation) -> Component:
    columns = (Column("Date"), Column("Clicks", is_figure=True), Column("Verdict"))
    rows = [
        (format_day(day.date), format_count(day.clicks), "Above threshold" if day.above_threshold else "OK")
        for day in found.days
    ]
    return build_table("Clicks per day", columns, rows)


def _build_bursts(found: DeviceInvestigation) -> Component:
    columns = (Column("Clicks in burst"), Column("Duration (s)", is_figure=True), Column("Date"), Column("Verdict"))
    rows = [
        (
            format_count(burst.clicks),
            format_seconds(burst.seconds),
            format_day(burst.date),
            "Bot-like" if burst.within_window else "OK",
        )
        for burst in found.bursts
    ]
    return build_table("Fastest bursts", columns, rows)


def _build_referrer_days(found: ReferrerInvestigation) -> Component:
    columns = (
        Column("Date"),
        Column("Invites", is_figure=True),
        Column("Clicks", is_figure=True),
        Column("Conversions", is_figure=True),
        Column("Verdict"),
    )
    rows = [
        (
            format_day(day.date),
            format_count(day.invites),
            format_count(day.clicks),
            format_count(day.conversions),
            "Above threshold" if day.above_threshold else "OK",
        )
        for day in found.days
    ]
    rate = f"{format_rate(found.conversion_rate)} conversion rate"
    verdict = "unusually high" if found.high_conversion_rate else "normal"
    return html.Div([build_hint(f"{rate}: {verdict}"), build_table("Conversions per day", columns, rows)])


def _build_timeline(found: Investigation) -> Component:
    is_hourly = found.timeline.bucket == "hour"
    data = [
        {
            "at": format_minute(bucket.starts_at) if is_hourly else format_day(bucket.starts_at.date()),
            **bucket.counts,
        }
        for bucket in found.timeline.buckets
    ]
    chart = dmc.BarChart(
        h=200, data=data, dataKey="at", series=_SERIES, type="stacked", gridAxis="y", tickLine="none", withLegend=True
    )
    total = sum(found.totals.values())
    label = f"{format_count(total)} events by {found.timeline.bucket}. The events are listed in the table below."
    return html.Div(chart, className="history-chart", role="img", **{"aria-label": label})


def _build_related_sections(found: Investigation, search: str) -> list[Component]:
    return [
        _section(f"{_RELATED[kind][0]} ({format_count(related.total)})", [_build_related(kind, related, search)])
        for kind, related in found.related.items()
        if related.total
    ]


def _build_related(kind: RelatedKind, related: RelatedEntities, search: str) -> Component:
    name, _ = _RELATED[kind]
    columns = (
        Column(name.removesuffix("s").removesuffix("e") if kind == "ip_addresses" else name.removesuffix("s")),
        Column("Events", is_figure=True),
        Column("Clicks", is_figure=True),
        Column("Conversions", is_figure=True),
        Column("Last seen", is_figure=True),
    )
    rows = [
        (
            _build_related_entity(kind, entity, search),
            format_count(entity.events),
            format_count(entity.clicks),
            format_count(entity.conversions),
            build_moment(entity.last_seen),
        )
        for entity in related.entities[:10]
    ]
    return build_wide_table(f"{name} in the same events", columns, rows)


def _build_related_entity(kind: RelatedKind, entity: RelatedEntity, search: str) -> Component:
    _, entity_kind = _RELATED[kind]
    if entity_kind:
        return build_suspect(entity_kind, entity.shown, entity.ref or entity.shown, search, entity.alias)
    paths = {"links": link_path(entity.shown), "users": user_path(entity.shown, search)}
    shown, path = format_masked(entity.shown, entity.alias), paths.get(kind)
    return dcc.Link(shown, href=path, className="identifier", title=shown) if path else build_identifier(shown)


def _build_events(found: Investigation, identifier: str, search: str) -> list[Component]:
    columns = (
        Column("Time"),
        Column("Event"),
        Column("IP address"),
        Column("Device"),
        Column("Referrer"),
        Column("Loop"),
    )
    rows = [
        (
            build_moment(event.occurred_at),
            event.event_type,
            build_entity_link("ip_address", event.ip_address, event.ip_ref, search, event.ip_alias),
            build_entity_link("device", event.device_fingerprint, event.device_ref, search, event.device_alias),
            build_entity_link("referrer", event.referrer_id, None, search),
            event.source or "–",
        )
        for event in found.events
    ]
    label = f"View all {format_counted(found.total_events, 'event')}"
    way_to_all = build_link_to_all(label, events_path(found.entity.kind, identifier, search))
    return [build_wide_table("Recent events", columns, rows), way_to_all]


def build_entity_link(
    kind: EntityKind, shown: str | None, ref: str | None, search: str, alias: str | None = None
) -> Component | str:
    """What an event names, leading to its investigation over the period of `search`; a dash where it names none."""
    if shown is None:
        return "–"
    return build_suspect(kind, shown, ref or shown, search, alias or "")
