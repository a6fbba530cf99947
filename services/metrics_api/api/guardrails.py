"""Reads of the guardrails."""

from http import HTTPStatus
from typing import Annotated, Self

from pydantic import Field, model_validator
from sqlalchemy import Connection

from metrics_api.alerts.what_if import fetch_what_if
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, invalid
from metrics_api.api.queries import ListQuery, note_look, note_retention, parse_query, read_page
from metrics_api.api.routing import Resource
from metrics_api.db.paging import Page
from metrics_api.db.sorting import InvalidSortError, Sorting
from metrics_api.detection import anomalies, bots, devices_by, event_pii, flagged, fraud, traffic, traffic_events
from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.flagged_days import fetch_flagged_days
from metrics_api.detection.opt_outs import fetch_opt_outs
from metrics_api.detection.query import COMPONENT_ROWS
from metrics_api.detection.referrers import answer as referrer_evidence
from metrics_api.health.evaluation import fetch_compared_health
from viral_contract.models.case_marks import CaseFilter
from viral_contract.models.flagged import (
    BotSort,
    FlaggedAnswer,
    FlaggedDaysAnswer,
    FlaggedDevicesAnswer,
    FraudGrouping,
    FraudSort,
    SearchText,
    SortOrder,
)
from viral_contract.models.flags import Flag
from viral_contract.models.growth import Comparison
from viral_contract.models.guardrails import (
    AnomalyAnswer,
    BotAnswer,
    ComparedHealthAnswer,
    EventPiiAnswer,
    FraudAnswer,
    OptOutAnswer,
    Verdict,
)
from viral_contract.models.investigations import TrafficEventsAnswer
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery
from viral_contract.models.problem import FieldError
from viral_contract.models.referrer_evidence import EvidenceSort, ReferrerEvidenceAnswer, ReferrerRule, Strength
from viral_contract.models.thresholds import AnomalyOverrides, BotOverrides, FraudOverrides, Overrides
from viral_contract.models.traffic import TrafficAnswer, TrafficClass, TrafficGrouping
from viral_contract.models.values import NO_CONTROL, OptionalId
from viral_contract.models.what_if import WhatIfAnswer

guardrails = Resource("guardrails", Flag.GUARDRAIL_DASHBOARD)


class FraudQuery(PeriodQuery, FraudOverrides, ListQuery):
    """Query of the fraud read."""

    group_by: FraudGrouping | None = Field(None, description="One row per network or referrer; network with the next 5")
    q: SearchText | None = Field(None, description="Part of an address or a referrer; a ref or a network holding it")
    sort: FraudSort | None = Field(None, description="clicks if absent")
    order: SortOrder | None = Field(None, description="Largest first if absent; names from a to z")
    verdict: Verdict | None = Field(None, description="Only networks with this verdict")
    case: CaseFilter | None = Field(None, description="Only networks with an open case, a verdict, or without either")
    fraud_ip_click_window_days: int | None = Field(None, ge=1, le=7, description="Like days, 1 to 7; not beside it")

    @model_validator(mode="after")
    def check_the_period_is_named_once(self) -> Self:
        """Refuse the days by their setting's name beside another way of naming the period."""
        if self.fraud_ip_click_window_days is not None and (self.days is not None or self.start):
            raise ValueError("give either fraud_ip_click_window_days, or days, or start and end")
        return self

    @property
    def grouping(self) -> FraudGrouping | None:
        """What a row is about; None for the lists by date."""
        given = (self.q, self.sort, self.order, self.verdict, self.case)
        return self.group_by or ("network" if any(each is not None for each in given) else None)

    @property
    def default_days(self) -> int:
        """How many dates the period has where it is not named."""
        return self.fraud_ip_click_window_days or current_context().settings.detection.fraud_ip_click_window_days


class FlaggedDaysQuery(PeriodQuery, FraudOverrides):
    """Query of what is flagged on each date."""


class BotQuery(PeriodQuery, BotOverrides, ListQuery):
    """Query of the bot read."""

    group_by: FraudGrouping | None = Field(None, description="One row per network or referrer; per device if absent")
    q: SearchText | None = Field(None, description="Part of what a row names as the caller sees it, or its ref")
    sort: BotSort = "clicks"
    order: SortOrder | None = Field(None, description="Largest first if absent; device from a to z, fastest first")
    verdict: Verdict | None = Field(None, description="Only devices with this verdict: all that are listed are flagged")
    case: CaseFilter | None = Field(None, description="Only devices with an open case, a verdict, or without either")


class AnomalyQuery(PeriodQuery, AnomalyOverrides, ListQuery):
    """Query of the conversion anomalies."""


class EventPiiQuery(PeriodQuery, Overrides, ListQuery):
    """Query of the personal information in events."""


class ReferrerEvidenceQuery(PeriodQuery, Overrides, ListQuery):
    """Query of the evidence about referrers."""

    q: SearchText | None = Field(None, description="Part of the referrer's id")
    rule: ReferrerRule | None = Field(None, description="Only referrers with evidence by this rule")
    strength: Strength | None = Field(None, description="flags: a rule that flags; looks: none of the rules does")
    sort: EvidenceSort = "flagged_conversions"
    order: SortOrder | None = Field(None, description="Largest first if absent; referrers from a to z")


class OptOutQuery(PeriodQuery, Overrides):
    """Query of the opt-out rates."""


class TrafficQuery(PeriodQuery, ListQuery):
    """Query of the traffic classes; the page is one of groups."""

    group_by: TrafficGrouping | None = Field(None, description="Add the clicks of each date or each loop, by class")
    source: OptionalId = Field(None, description="Only events of this loop")
    loops: int = Field(
        0, ge=0, le=20, description="Add this many loops, those with the most filtered clicks, each by date"
    )


class TrafficEventsQuery(PeriodQuery, ListQuery):
    """Query of the events of one reason."""

    reason: Annotated[
        str,
        Field(min_length=1, max_length=2048, pattern=NO_CONTROL, description="As `/v1/guardrails/traffic` names it"),
    ]
    traffic_class: TrafficClass


class HealthQuery(PeriodQuery, Overrides):
    """Query of the health score."""


class ComparedHealthQuery(HealthQuery):
    """Query of the health score beside that of another period."""

    compare: Comparison | None = Field(None, description="Add the score of the period before, a year or a term ago")


@guardrails.route("GET", "/v1/guardrails/fraud", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: FlaggedAnswer})
def get_fraud(query: FraudQuery, connection: Connection) -> FraudAnswer:
    """List IP addresses with more clicks in one day (UTC) than the threshold, by date, network or referrer."""
    if query.grouping:
        return _get_flagged(query, query.grouping, connection)
    asked = parse_query(query, query, read_page(query, fraud.CURSOR), default_days=query.default_days)
    note_look(connection)
    return note_retention(connection, fraud.fetch_fraud(connection, asked, fetch_active_lists(connection, asked)))


def _get_flagged(query: FraudQuery, grouping: FraudGrouping, connection: Connection) -> FlaggedAnswer:
    try:
        wanted = flagged.parse_wanted(grouping, query.sort, query.order, query.q, query.verdict, query.case)
    except InvalidSortError as error:
        raise _refuse(error) from error
    asked = parse_query(query, query, read_page(query, wanted.sorting.cursor), default_days=query.default_days)
    note_look(connection)
    lists = fetch_active_lists(connection, asked)
    return note_retention(connection, flagged.fetch_flagged(connection, asked, lists, wanted))


def _refuse(error: InvalidSortError) -> ProblemError:
    return invalid([FieldError(pointer=f"#{error.field}", detail=str(error))])


@guardrails.route(
    "GET", "/v1/guardrails/flagged-days", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: FlaggedDaysAnswer}
)
def get_flagged_days(query: FlaggedDaysQuery, connection: Connection) -> FlaggedDaysAnswer:
    """Count the flagged networks of each date, and their share of its clicks."""
    asked = parse_query(query, query, COMPONENT_ROWS, shows_identifiers=False)
    lists = fetch_active_lists(connection, asked)
    return note_retention(connection, fetch_flagged_days(connection, asked, lists))


@guardrails.route("GET", "/v1/guardrails/bots", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: FlaggedDevicesAnswer})
def get_bots(query: BotQuery, connection: Connection) -> BotAnswer:
    """List devices with bursts of clicks, or the networks and referrers of their clicks."""
    try:
        sorting = _build_bot_sorting(query)
    except InvalidSortError as error:
        raise _refuse(error) from error
    asked = parse_query(query, query, read_page(query, sorting.cursor))
    note_look(connection)
    lists = fetch_active_lists(connection, asked)
    if query.group_by:
        found = devices_by.fetch_devices_by(connection, asked, lists, query.group_by, sorting, query.q, query.verdict)
        return note_retention(connection, found)
    listed = bots.fetch_bots(connection, asked, lists, sorting, query.q, query.case, query.verdict)
    return note_retention(connection, listed)


def _build_bot_sorting(query: BotQuery) -> Sorting[BotSort]:
    if query.group_by is None:
        return bots.build_sorting(query.sort, query.order)
    if query.case:
        raise InvalidSortError("case", "is one of devices; give it without group_by")
    return devices_by.build_sorting(query.group_by, query.sort, query.order)


@guardrails.route(
    "GET", "/v1/guardrails/conversion-anomalies", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: AnomalyAnswer}
)
def get_conversion_anomalies(query: AnomalyQuery, connection: Connection) -> AnomalyAnswer:
    """List referrers with too many conversions in one day or too high a conversion rate."""
    asked = parse_query(query, query, read_page(query, anomalies.CURSOR), shows_identifiers=False)
    lists = fetch_active_lists(connection, asked)
    return note_retention(connection, anomalies.fetch_anomalies(connection, asked, lists))


@guardrails.route(
    "GET", "/v1/guardrails/referrers", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: ReferrerEvidenceAnswer}
)
def get_referrer_evidence(query: ReferrerEvidenceQuery, connection: Connection) -> ReferrerEvidenceAnswer:
    """List referrers with evidence of fraud in the 8 weeks that end with the period."""
    wanted = referrer_evidence.Wanted(query.q, query.rule, query.strength, query.sort, query.order)
    asked = parse_query(query, query, read_page(query, wanted.cursor))
    note_look(connection)
    return note_retention(connection, referrer_evidence.fetch_referrer_evidence(connection, asked, wanted))


@guardrails.route("GET", "/v1/guardrails/event-pii", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: EventPiiAnswer})
def get_event_pii(query: EventPiiQuery, connection: Connection) -> EventPiiAnswer:
    """List which loops' events carried personal information, in which fields and since when."""
    asked = parse_query(query, query, read_page(query, event_pii.CURSOR), shows_identifiers=False)
    return note_retention(connection, event_pii.fetch_event_pii(connection, asked))


@guardrails.route("GET", "/v1/guardrails/opt-outs", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: OptOutAnswer})
def get_opt_outs(query: OptOutQuery, connection: Connection) -> OptOutAnswer:
    """Get the rates of parent shares never viewed and links never clicked."""
    asked = parse_query(query, query, COMPONENT_ROWS, shows_identifiers=False)
    return note_retention(connection, fetch_opt_outs(connection, asked))


@guardrails.route("GET", "/v1/guardrails/traffic", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: TrafficAnswer})
def get_traffic(query: TrafficQuery, connection: Connection) -> TrafficAnswer:
    """Get clicks and visits by traffic class, those that no person made too, with the reasons."""
    page = read_page(query, traffic.name_cursor(query.group_by))
    asked = parse_query(query, Overrides(), page, shows_identifiers=False)
    rules = current_context().fact_rules
    answer = traffic.fetch_traffic(
        connection, asked, rules, source=query.source, group_by=query.group_by, loops=query.loops
    )
    return note_retention(connection, answer)


@guardrails.route(
    "GET",
    "/v1/guardrails/traffic/events",
    scope=Scope.METRICS_READ,
    answers={HTTPStatus.OK: TrafficEventsAnswer},
)
def get_traffic_events(query: TrafficEventsQuery, connection: Connection) -> TrafficEventsAnswer:
    """List the clicks and visits that got their traffic class for one reason."""
    asked = parse_query(query, Overrides(), read_page(query, traffic_events.CURSOR))
    note_look(connection)
    answer = traffic_events.fetch_traffic_events(
        connection, asked, reason=query.reason, traffic_class=query.traffic_class
    )
    return note_retention(connection, answer)


@guardrails.route(
    "GET", "/v1/guardrails/health", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: ComparedHealthAnswer}
)
def get_health(query: ComparedHealthQuery, connection: Connection) -> ComparedHealthAnswer:
    """Get the health score, itemized, with the top rows of every detector."""
    asked = parse_query(query, query, COMPONENT_ROWS)
    note_look(connection)
    return note_retention(connection, fetch_compared_health(connection, asked, query.compare))


@guardrails.route("GET", "/v1/guardrails/what-if", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: WhatIfAnswer})
def get_what_if(query: HealthQuery, connection: Connection) -> WhatIfAnswer:
    """Compare the score, flags and alerts under other thresholds, with the Helm values to apply them."""
    # The answer has only numbers, no identifiers, so one row of each list is enough.
    asked = parse_query(query, query, Page(limit=1), shows_identifiers=False)
    return note_retention(connection, fetch_what_if(connection, asked))
