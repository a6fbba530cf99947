"""Growth: K-factor, loops, timeline, referrers, funnel, cohorts and cycle time."""

from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection

from metrics_api.api.context import current_context
from metrics_api.api.queries import ListQuery, note_retention, parse_query, read_page
from metrics_api.api.routing import Resource
from metrics_api.db.paging import Page
from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import COMPONENT_ROWS, Filter, Query
from metrics_api.growth import loops
from metrics_api.growth.choices import fetch_filters
from metrics_api.growth.clean import fetch_flagged
from metrics_api.growth.cohorts import fetch_cohorts, weeks_until
from metrics_api.growth.cycle_time import fetch_cycle_time
from metrics_api.growth.funnel import fetch_funnel
from metrics_api.growth.k_factor import fetch_k_factor
from metrics_api.growth.kept_cohort_k import DAYS, WEEKS, fetch_kept_cohort_k
from metrics_api.growth.referrers import Wanted, build_sorting, fetch_referrers
from metrics_api.growth.series import fetch_series
from metrics_api.growth.spread import fetch_spread
from metrics_api.growth.timeline import fetch_timeline
from metrics_api.school_calendar.terms import fetch_terms
from viral_contract.models.cohort_k import CohortKAnswer
from viral_contract.models.flagged import SearchText, SortOrder
from viral_contract.models.growth import (
    CohortsAnswer,
    Comparison,
    CycleTimeAnswer,
    FiltersAnswer,
    FunnelAnswer,
    KFactorAnswer,
    LoopsAnswer,
    PerformanceSort,
    ReferrersAnswer,
    TimelineAnswer,
)
from viral_contract.models.people import Scope
from viral_contract.models.period import Period, PeriodQuery
from viral_contract.models.series import SeriesAnswer, SeriesMetric
from viral_contract.models.spread import SpreadAnswer
from viral_contract.models.thresholds import Overrides
from viral_contract.models.values import OptionalId, PastDate

growth = Resource("growth")


class LoopQuery(BaseModel):
    """Query of a part of the activity."""

    source: OptionalId = Field(None, description="Only this loop; nothing where it is unknown")

    @property
    def filter(self) -> Filter:
        """The part."""
        return Filter(self.source)


class CampaignQuery(LoopQuery):
    """Query of a part of the activity that may be of a campaign."""

    campaign: OptionalId = Field(None, description="Only links of this campaign; nothing where it is unknown")

    @property
    def filter(self) -> Filter:
        """The part."""
        return Filter(self.source, self.campaign)


class FilteredQuery(PeriodQuery, LoopQuery):
    """Query of a part of the activity of a period."""


class CleanQuery(FilteredQuery, CampaignQuery, Overrides):
    """Query of figures without what the guardrails flag."""


class KFactorQuery(CleanQuery):
    """Query of the K-factor."""

    compare: Comparison = Field("previous", description="year: the same dates a year earlier; term: of the calendar")


class LoopsQuery(CleanQuery, ListQuery):
    """Query of the loops."""


class ReferrersQuery(CleanQuery, ListQuery):
    """Query of the referrers."""

    q: SearchText | None = Field(None, description="Part of the referrer's id")
    sort: PerformanceSort = "conversions"
    order: SortOrder | None = Field(None, description="Largest first if absent; referrers from a to z")
    ranked: bool = Field(False, description="Leave out those under a case; the first of them are in `not_ranked`")


class FiltersQuery(PeriodQuery):
    """Query of what can be filtered by."""

    q: SearchText = Field("", description="Part of the loop or the campaign")


class SeriesQuery(FilteredQuery):
    """Query of a figure by day."""

    metric: SeriesMetric = "clicks"

    @model_validator(mode="after")
    def check_has_loops(self) -> Self:
        """Refuse the violations of a loop."""
        if self.metric == "violations" and self.source:
            raise ValueError("violations have no source")
        return self


class CohortsQuery(LoopQuery):
    """Query of the cohorts."""

    model_config = ConfigDict(extra="forbid")

    weeks: int = Field(8, ge=1, le=53, description="Number of ISO weeks, including this one")


class CohortKQuery(CampaignQuery, Overrides):
    """Query of cohort K."""

    weeks: int = Field(WEEKS, ge=1, le=52, description="Number of ISO weeks, including this one")
    days: int = Field(DAYS, ge=1, le=90, description="How long after the own signup a user's referrals count")
    end: PastDate | None = Field(None, description="The last date that is looked at; today if absent")


@growth.route("GET", "/v1/growth/k-factor", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: KFactorAnswer})
def get_k_factor(query: KFactorQuery, connection: Connection) -> KFactorAnswer:
    """Get the K-factor, that of the period it is compared with, K clean, and why it changed."""
    asked = _build_query(query, overrides=query)
    return note_retention(connection, fetch_k_factor(connection, asked, query.compare))


@growth.route("GET", "/v1/growth/loops", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: LoopsAnswer})
def get_loops(query: LoopsQuery, connection: Connection) -> LoopsAnswer:
    """List loops, highest K first."""
    asked = _build_query(query, read_page(query, loops.CURSOR), query)
    return note_retention(connection, loops.fetch_loops(connection, asked))


@growth.route("GET", "/v1/growth/timeline", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: TimelineAnswer})
def get_timeline(query: CleanQuery, connection: Connection) -> TimelineAnswer:
    """Get growth by day."""
    return note_retention(connection, fetch_timeline(connection, _build_query(query, overrides=query)))


@growth.route("GET", "/v1/growth/referrers", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: ReferrersAnswer})
def get_referrers(query: ReferrersQuery, connection: Connection) -> ReferrersAnswer:
    """List referrers, most conversions first or in another order."""
    sorting = build_sorting(query.sort, query.order)
    asked, wanted = _build_query(query, read_page(query, sorting.cursor), query), Wanted(query.q, query.ranked)
    flagged = fetch_flagged(connection, asked, fetch_active_lists(connection, asked)).by_referrer(asked.period)
    return note_retention(connection, fetch_referrers(connection, asked, flagged, sorting, wanted))


@growth.route("GET", "/v1/growth/funnel", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: FunnelAnswer})
def get_funnel(query: FilteredQuery, connection: Connection) -> FunnelAnswer:
    """Get the funnel from first click to activation."""
    return note_retention(connection, fetch_funnel(connection, _build_query(query)))


@growth.route("GET", "/v1/growth/cohorts", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CohortsAnswer})
def get_cohorts(query: CohortsQuery, connection: Connection) -> CohortsAnswer:
    """Get retention by signup week."""
    return fetch_cohorts(connection, query.weeks, query.filter, now=datetime.now(UTC))


@growth.route("GET", "/v1/growth/cohort-k", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CohortKAnswer})
def get_cohort_k(query: CohortKQuery, connection: Connection) -> CohortKAnswer:
    """Get how many new users the users of each signup week bring, without what is flagged."""
    end = query.end or datetime.now(UTC).date()
    asked = _build_query(CleanQuery(source=query.source, campaign=query.campaign), overrides=query)
    return fetch_kept_cohort_k(connection, replace(asked, period=weeks_until(end, query.weeks)), query.days)


@growth.route("GET", "/v1/growth/spread", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: SpreadAnswer})
def get_spread(query: CleanQuery, connection: Connection) -> SpreadAnswer:
    """Get how conversions are spread over those who invite, and K without the strongest of them."""
    return note_retention(connection, fetch_spread(connection, _build_query(query, overrides=query)))


@growth.route("GET", "/v1/growth/series", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: SeriesAnswer})
def get_series(query: SeriesQuery, connection: Connection) -> SeriesAnswer:
    """Get a figure by day, what was expected of each day, and which days are changes."""
    return note_retention(connection, fetch_series(connection, _build_query(query), query.metric))


@growth.route("GET", "/v1/growth/cycle-time", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CycleTimeAnswer})
def get_cycle_time(query: FilteredQuery, connection: Connection) -> CycleTimeAnswer:
    """Get the time from a signup to the signups it referred."""
    return note_retention(connection, fetch_cycle_time(connection, _build_query(query)))


@growth.route("GET", "/v1/growth/filters", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: FiltersAnswer})
def get_filters(query: FiltersQuery, connection: Connection) -> FiltersAnswer:
    """List what growth can be filtered by: at most 100 loops of the period and 100 campaigns."""
    asked = parse_query(query, Overrides(), COMPONENT_ROWS, shows_identifiers=False)
    return note_retention(connection, fetch_filters(connection, asked, query.q))


@growth.route("GET", "/v1/growth/term", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: Period})
def get_term(connection: Connection) -> Period:
    """Get the dates of the current school term: of the calendar, else by the setting TERM_ENDS."""
    terms = fetch_terms(connection, current_context().settings.detection.term_ends)
    return terms.find(datetime.now(UTC).date())


def _build_query(query: FilteredQuery, page: Page = COMPONENT_ROWS, overrides: Overrides | None = None) -> Query:
    asked = parse_query(query, overrides or Overrides(), page, shows_identifiers=False)
    return replace(asked, filter=query.filter)
