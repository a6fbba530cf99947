"""Investigates an address, a device or a referrer."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from ipaddress import ip_network
from typing import Literal, TypeVar

from flask import Response, request
from pydantic import Field, TypeAdapter
from sqlalchemy import Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, not_found
from metrics_api.api.queries import ListQuery, note_look, note_retention, parse_query, read_page
from metrics_api.api.routing import Resource
from metrics_api.db.network_key import network_key
from metrics_api.detection.entity_values import without_mapping
from metrics_api.detection.investigations.answer import Subject, fetch_subject
from metrics_api.detection.investigations.devices import fetch_device_investigation
from metrics_api.detection.investigations.event_filter import EventFilter
from metrics_api.detection.investigations.export import format_csv
from metrics_api.detection.investigations.ips import fetch_ip_investigation
from metrics_api.detection.investigations.referrers import fetch_referrer_investigation
from metrics_api.detection.investigations.shaping import CURSOR
from metrics_api.detection.query import Query
from viral_contract.models.events import EventType
from viral_contract.models.flagged import SearchText, SortOrder
from viral_contract.models.flags import Flag
from viral_contract.models.investigations import (
    DeviceInvestigation,
    EntityKind,
    Investigation,
    IpInvestigation,
    ReferrerInvestigation,
)
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery
from viral_contract.models.thresholds import Overrides
from viral_contract.models.values import IpAddress

investigations = Resource("investigations", Flag.GUARDRAIL_DASHBOARD)
Found = TypeVar("Found", bound=Investigation)
_IP_ADDRESS: TypeAdapter[str] = TypeAdapter(IpAddress)
_NAMES: dict[EntityKind, str] = {"ip_address": "IP address", "device": "device", "referrer": "referrer"}
_BY_REF_ONLY = (
    "You see addresses and devices masked, so investigate one by the ref of its row. Naming one whole takes the scope "
    "identifiers:read."
)
_JSON, _CSV = "application/json", "text/csv"


class InvestigationQuery(PeriodQuery, Overrides, ListQuery):
    """Query of an investigation."""

    q: SearchText | None = Field(None, description="Only events that name this: a part as the caller sees it, or a ref")
    event_type: EventType | None = None
    order: SortOrder = "desc"
    format: Literal["json", "csv"] | None = Field(
        None, description="csv: all events that match, as Accept: text/csv asks for too"
    )

    @property
    def wanted(self) -> EventFilter:
        """Which events are listed, and how."""
        return EventFilter(self.q, self.event_type, oldest_first=self.order == "asc")


@investigations.route(
    "GET", "/v1/investigations/ips/<id:given>", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: IpInvestigation}
)
def get_ip_investigation(given: str, query: InvestigationQuery, connection: Connection) -> IpInvestigation | Response:
    """Investigate an IPv4 address or an IPv6 network, given itself, an address within or its ref."""
    try:
        network = _parse_network(_read_identifier(connection, given))
    except ValueError as error:
        raise _never_seen("ip_address") from error
    return _investigate(connection, "ip_address", [network], fetch_ip_investigation, query)


def _parse_network(given: str) -> str:
    """The network that is counted as one. Raises ValueError for what is none, or a wider one."""
    prefix = current_context().settings.detection.fraud_ipv6_prefix
    network = without_mapping(ip_network(given if "/" in given else _IP_ADDRESS.validate_python(given)))
    if network.prefixlen < {4: 32, 6: prefix}[network.version]:
        raise ValueError(f"{network} is wider than what is counted as one network")
    return network_key(str(network), prefix)


@investigations.route(
    "GET",
    "/v1/investigations/devices/<id:given>",
    scope=Scope.METRICS_READ,
    answers={HTTPStatus.OK: DeviceInvestigation},
)
def get_device_investigation(
    given: str, query: InvestigationQuery, connection: Connection
) -> DeviceInvestigation | Response:
    """Investigate a device, given its fingerprint or its ref."""
    names = _list_names(_read_identifier(connection, given))
    return _investigate(connection, "device", names, fetch_device_investigation, query)


@investigations.route(
    "GET",
    "/v1/investigations/referrers/<id:referrer_id>",
    scope=Scope.METRICS_READ,
    answers={HTTPStatus.OK: ReferrerInvestigation},
)
def get_referrer_investigation(
    referrer_id: str, query: InvestigationQuery, connection: Connection
) -> ReferrerInvestigation | Response:
    """Investigate a referrer."""
    return _investigate(connection, "referrer", _list_names(referrer_id), fetch_referrer_investigation, query)


def _list_names(given: str) -> list[str]:
    """What it is stored as, and what releases stored that did not replace personal information in ids."""
    return [current_context().pseudonyms.replace(given).id, given]


def _read_identifier(connection: Connection, given: str) -> str:
    """What is asked for. Who names it whole, but may not see such, may be guessing what a mask hides: that is noted
    and refused, alike whether anything is known of it or not.

    Raises ProblemError 403.
    """
    identifier = current_context().references.to_identifier(given)
    if identifier == given and not current_principal().sees_identifiers:
        note_look(connection, "name_identifier")
        raise ProblemError(HTTPStatus.FORBIDDEN, "whole_identifier_refused", _BY_REF_ONLY)
    return identifier


def _investigate(
    connection: Connection,
    kind: EntityKind,
    names: Sequence[str],
    fetch: Callable[[Connection, Subject, Query], Found],
    query: InvestigationQuery,
) -> Found | Response:
    asked = parse_query(query, query, read_page(query, f"{CURSOR} {query.order}"))
    note_look(connection)
    found = (fetch_subject(connection, kind, name, asked, query.wanted) for name in dict.fromkeys(names))
    subject = next((each for each in found if each is not None), None)
    if subject is None:
        raise _never_seen(kind)
    if _wants_csv(query):
        return _answer_csv(subject, asked)
    return note_retention(connection, fetch(connection, subject, asked))


def _wants_csv(query: InvestigationQuery) -> bool:
    if query.format is not None:
        return query.format == "csv"
    return request.accept_mimetypes.best_match([_JSON, _CSV]) == _CSV


def _answer_csv(subject: Subject, asked: Query) -> Response:
    name = f"investigation-{subject.kind}-{asked.period.start}-{asked.period.end}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    chunks = format_csv(subject.list_events(asked.identifiers), asked.identifiers)
    return Response(chunks, headers=headers, content_type=f"{_CSV}; charset=utf-8")


def _never_seen(kind: EntityKind) -> ProblemError:
    # Does not repeat the subject: a reference may stand for an identifier that this caller must not see.
    return not_found(f"event of this {_NAMES[kind]}; it has never been seen")
