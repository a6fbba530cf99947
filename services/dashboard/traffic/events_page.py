"""The list of events that got their traffic class for one reason, which the address names."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.table import build_moment
from dashboard.formats import format_retention
from dashboard.investigations.investigation import build_entity_link
from dashboard.links import TRAFFIC_EVENTS_PATH
from dashboard.lists.sorted_table import ListColumn, ListRow
from dashboard.lists.table_page import Listing, TablePage, build_page
from dashboard.period import Query
from dashboard.traffic.kinds import NAMES
from dashboard.traffic.reasons import format_reason
from dashboard.traffic.reasons_page import ABOVE
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.investigations import InvestigatedEvent, TrafficEventsAnswer
from viral_reports.dates import format_period
from viral_reports.figures import name_loop

_SUBJECT = ("reason", "traffic_class")
_NO_REASON = "The address names no reason. Choose one on the page of filtered traffic."
_COLUMNS = (
    ListColumn("Time (UTC)", phone="name"),
    ListColumn("Event", phone="figure"),
    ListColumn("Network", phone="note"),
    ListColumn("Device", rank=2),
    ListColumn("Referrer", rank=2),
    ListColumn("Loop", phone="end"),
    ListColumn("User agent", rank=2),
)
_OF_LINKS = {"ip_ref", "device_ref"}


def fetch(api: MetricsApi, query: Query, search: str) -> Listing:
    """A page of events, newest first; `search` is the period in links."""
    if not all(query.get(name) for name in _SUBJECT):
        return Listing([], 0, None, "", _NO_REASON)
    answer = api.fetch_traffic_events(**{name: value for name, value in query.items() if name not in ("sort", "order")})
    return Listing(
        rows=[_build_row(number, event, search) for number, event in enumerate(answer.events, start=1)],
        total=answer.total_events,
        next_cursor=answer.next_cursor,
        about=_format_about(answer),
        nothing="These events are no longer kept" if answer.total_events else "No such event in this period",
        dates=f"{answer.period.start}_{answer.period.end}",
    )


def _format_about(answer: TrafficEventsAnswer) -> str:
    names = filter(None, (*format_reason(answer.reason), NAMES[answer.traffic_class], format_period(answer.period)))
    return " · ".join(names) + format_retention(answer.retained_from)


def _build_row(number: int, event: InvestigatedEvent, search: str) -> ListRow:
    cells = (
        build_moment(event.occurred_at),
        event.event_type.capitalize(),
        build_entity_link("ip_address", event.ip_address, event.ip_ref, search, event.ip_alias),
        build_entity_link("device", event.device_fingerprint, event.device_ref, search, event.device_alias),
        build_entity_link("referrer", event.referrer_id, None, search),
        name_loop(event.source or ""),
        _build_agent(event.user_agent),
    )
    # Events have no names of their own here.
    return ListRow(str(number), f"event {number}", cells, event.model_dump(mode="json", exclude=_OF_LINKS))


def _build_agent(user_agent: str | None) -> Component | str:
    return html.Code(user_agent, className="sample", title=user_agent) if user_agent else "–"


LISTED = TablePage(
    path=TRAFFIC_EVENTS_PATH,
    slug="traffic-events",
    title="Events of a reason",
    nouns=("event", "events"),
    columns=_COLUMNS,
    fetch=fetch,
    sort="time",
    subject=_SUBJECT,
    above=ABOVE,
)
PAGE = build_page(LISTED)
