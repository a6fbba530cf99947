"""The events that got their traffic class for one reason, which the address names."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.page_header import build_page_header
from dashboard.components.table import Column, build_moment, build_wide_table
from dashboard.formats import format_clock, format_retention
from dashboard.investigations.investigation import build_entity_link
from dashboard.links import TRAFFIC_EVENTS_PATH
from dashboard.lists.page import build_page
from dashboard.lists.view import Drawn, ListPage, Wanted, build_next
from dashboard.period import format_query, format_search, read_period
from dashboard.traffic.kinds import NAMES
from dashboard.traffic.reasons import format_reason
from dashboard.traffic.reasons_page import ABOVE
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.investigations import InvestigatedEvent, TrafficEventsAnswer
from viral_contract.models.people import Scope
from viral_reports.dates import format_period
from viral_reports.figures import format_counted, name_loop

ROWS = 25
_NO_REASON = "The address names no reason. Choose one on the page of filtered traffic."
_COLUMNS = (
    Column("Time"),
    Column("Event"),
    Column("Network"),
    Column("Device"),
    Column("Referrer"),
    Column("Loop"),
    Column("User agent"),
)


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """One row an event, newest first.

    Raises InvalidPeriodError.
    """
    period = read_period(wanted)
    search = format_search(period)
    asked = {name: wanted[name] for name in ("reason", "traffic_class") if wanted.get(name)}
    if len(asked) < 2:
        return {
            "header": [build_page_header("Events", search, [], above=ABOVE)],
            "list": [html.P(_NO_REASON, className="nothing")],
        }
    answer = api.fetch_traffic_events(**format_query(period), **asked, limit=ROWS, cursor=wanted.get("cursor"))
    return {
        "header": [_build_header(answer, search)],
        "list": [
            *build_list(answer, search),
            *build_next(TRAFFIC_EVENTS_PATH, wanted, answer.next_cursor, f"{ROWS} events"),
        ],
    }


def _build_header(answer: TrafficEventsAnswer, search: str) -> Component:
    name, about = format_reason(answer.reason)
    what = [NAMES[answer.traffic_class], *([about] if about else []), format_counted(answer.total_events, "event")]
    when = f"{format_period(answer.period)} · as of {format_clock(answer.computed_at)}"
    summary = [html.P(" · ".join(what)), html.P(when + format_retention(answer.retained_from))]
    return build_page_header(f"Events: {name}", search, summary, above=ABOVE)


def build_list(answer: TrafficEventsAnswer, search: str) -> list[Component]:
    """The events; what they name leads to its investigation over the period of `search`."""
    if not answer.events:
        nothing = "These events are no longer kept" if answer.total_events else "No such event in this period"
        return [html.P(nothing, className="nothing")]
    rows = [_build_row(event, search) for event in answer.events]
    return [build_wide_table("Events of this reason, newest first", _COLUMNS, rows)]


def _build_row(event: InvestigatedEvent, search: str) -> tuple[Component | str, ...]:
    agent = event.user_agent or "none given"
    return (
        build_moment(event.occurred_at),
        event.event_type.capitalize(),
        build_entity_link("ip_address", event.ip_address, event.ip_ref, search, event.ip_alias),
        build_entity_link("device", event.device_fingerprint, event.device_ref, search, event.device_alias),
        build_entity_link("referrer", event.referrer_id, None, search),
        name_loop(event.source or ""),
        html.Code(agent, className="sample", title=agent) if event.user_agent else agent,
    )


LISTED = ListPage(
    path=TRAFFIC_EVENTS_PATH,
    slug="traffic-events",
    title="Events",
    about="Loading",
    draw=draw,
    cards=(("list", "Newest first (UTC)"),),
    scope=Scope.METRICS_READ,
    above=ABOVE,
    over_period=True,
)
PAGE = build_page(LISTED)
