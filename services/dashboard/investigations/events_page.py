"""The list of all events of one IP address, device or referrer that were looked at."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

from dash import dcc
from dash.development.base_component import Component

from dashboard.components.table import build_moment
from dashboard.formats import format_masked
from dashboard.investigations.investigation import build_entity_link
from dashboard.links import INVESTIGATED_EVENTS_PATH, INVESTIGATION_PATH, link_path, user_path
from dashboard.lists.sorted_table import ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_page, format_nothing
from dashboard.lists.toolbar import ANY, Choice, Toolbar
from dashboard.period import Query, find_dates
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.events import EventType
from viral_contract.models.investigations import InvestigatedEvent, Investigation
from viral_reports.dates import format_period
from viral_reports.figures import format_count, name_loop

_COLUMNS = (
    ListColumn("Time", "time", phone="name"),
    ListColumn("Event", phone="figure"),
    ListColumn("Network", phone="note"),
    ListColumn("Device", rank=2),
    ListColumn("Referrer", phone="end"),
    ListColumn("Link", rank=2),
    ListColumn("User", rank=3),
    ListColumn("Loop", rank=2),
)
_TYPES = Choice("event_type", "Event", {ANY: "All", **{name: name.capitalize() for name in get_args(EventType)}})
_SUBJECT = ("kind", "id")
_FETCH: dict[str, Callable[..., Investigation]] = {
    "ip_address": MetricsApi.fetch_ip_investigation,
    "device": MetricsApi.fetch_device_investigation,
    "referrer": MetricsApi.fetch_referrer_investigation,
}


def fetch(api: MetricsApi, query: Query, search: str) -> Listing:
    """A page of events; `search` is the period in links."""
    fetch_investigation, identifier = _FETCH.get(str(query.get("kind"))), str(query.get("id", ""))
    if fetch_investigation is None or not identifier:
        return _build_unnamed(query)
    asked: dict[str, Any] = {name: value for name, value in query.items() if name not in (*_SUBJECT, "sort")}
    found = fetch_investigation(api, identifier, **asked)
    return Listing(
        rows=[_build_row(number, event, search) for number, event in enumerate(found.events)],
        total=found.total_events,
        next_cursor=found.next_cursor,
        about=_format_about(found),
        nothing=format_nothing(found, "No events"),
        dates=f"{found.period.start}_{found.period.end}",
    )


def _build_unnamed(query: Query) -> Listing:
    period = find_dates(query, now=datetime.now(UTC))
    nothing = "The link doesn't include an IP address, device or referrer."
    return Listing(rows=[], total=0, next_cursor=None, about=format_period(period), nothing=nothing)


def _format_about(found: Investigation) -> str:
    entity = format_masked(found.entity.shown, found.entity.alias)
    limit = f" · the newest {format_count(found.looked_at_events)}" if found.truncated else ""
    return f"{entity} · {format_period(found.period)}{limit}"


def _build_row(number: int, event: InvestigatedEvent, search: str) -> ListRow:
    cells = (
        build_moment(event.occurred_at),
        event.event_type.capitalize(),
        build_entity_link("ip_address", event.ip_address, event.ip_ref, search, event.ip_alias),
        build_entity_link("device", event.device_fingerprint, event.device_ref, search, event.device_alias),
        build_entity_link("referrer", event.referrer_id, None, search),
        _build_link(event.link_id),
        _build_user(event, search),
        name_loop(event.source or ""),
    )
    # Events have no names of their own here.
    return ListRow(str(number), f"event {number + 1}", cells, event.model_dump(mode="json"))


def _build_user(event: InvestigatedEvent, search: str) -> Component | str:
    if not event.user_id:
        return "–"
    shown, path = format_masked(event.user_id, event.user_alias or ""), user_path(event.user_id, search)
    return dcc.Link(shown, href=path, className="identifier", title=shown) if path else shown


def _build_link(link_id: str | None) -> Component | str:
    return dcc.Link(link_id, href=link_path(link_id), className="identifier", title=link_id) if link_id else "–"


LISTED = TablePage(
    path=INVESTIGATED_EVENTS_PATH,
    slug="investigated-events",
    title="Events",
    nouns=("event", "events"),
    columns=_COLUMNS,
    fetch=fetch,
    sort="time",
    toolbar=Toolbar("Address, device, referrer, link, user or loop", (_TYPES,)),
    subject=_SUBJECT,
    above=("Investigation", INVESTIGATION_PATH),
)
PAGE = build_page(LISTED)
