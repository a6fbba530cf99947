"""Reads every detector in one snapshot and scores what they found."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.db.event_types import EVENT_TYPES_SQL
from metrics_api.detection.anomalies import fetch_anomalies
from metrics_api.detection.bots import fetch_bots
from metrics_api.detection.content_totals import ContentTotals, fetch_content_totals
from metrics_api.detection.coppa import format_coppa
from metrics_api.detection.coppa_violations import count_open_violations
from metrics_api.detection.entity_lists import Lists, fetch_active_lists
from metrics_api.detection.fraud import fetch_fraud
from metrics_api.detection.opt_outs import format_opt_outs
from metrics_api.detection.query import Query
from metrics_api.growth.clean import FlaggedTotals, fetch_flagged_totals
from metrics_api.growth.comparison import fetch_compared_period
from metrics_api.health.score import BASES, Findings, score_findings
from viral_contract.models.growth import Comparison
from viral_contract.models.guardrails import Answer, ComparedHealthAnswer, Components, FlaggedShare, HealthAnswer
from viral_contract.models.period import Period

# Of purged dates sums are left, which tell that there was something to be flagged. The newest event is one look-up for
# each type in the index on (event_type, occurred_at).
_STATE = text(f"""
    SELECT
        EXISTS (SELECT FROM activity_per_day WHERE day BETWEEN :start AND :end
            AND invites + clicks + visits + signups + conversions + activations > 0)
        OR EXISTS (SELECT FROM content_per_day WHERE day BETWEEN :start AND :end AND items > 0) AS has_data,
        EXISTS (SELECT FROM activity_per_day WHERE day BETWEEN :start AND :end
            AND day < (SELECT max(events_from) FROM purges) AND clicks + conversions > 0) AS is_partial,
        (SELECT coalesce(sum(clicks), 0)::bigint FROM activity_per_day
            WHERE day BETWEEN :start AND :end) AS clicks,
        (SELECT coalesce(sum(conversions), 0)::bigint FROM activity_per_day
            WHERE day BETWEEN :start AND :end AND has_referrer) AS conversions,
        (SELECT max(newest) FROM unnest({EVENT_TYPES_SQL}) AS kind,
            LATERAL (SELECT max(occurred_at) AS newest FROM attribution_events WHERE event_type = kind) AS events
        ) AS last_event_at
""")
_SCORE_SETTINGS = (
    "health_score_fraud_deduction",
    "health_score_bot_deduction",
    "health_score_fraud_share_points",
    "health_score_bot_share_points",
    "health_score_opt_out_multiplier",
    "health_score_coppa_multiplier",
    "health_score_fraud_max",
    "health_score_bot_max",
    "health_score_opt_out_max",
    "health_score_coppa_max",
    "health_status_excellent",
    "health_status_good",
    "health_status_fair",
    "health_status_warning",
)


@dataclass(frozen=True)
class PeriodState:
    """What is known of a period whatever the thresholds are."""

    lists: Lists
    content: Mapping[str, ContentTotals]
    open_violations: int
    not_scanned: int
    clicks: int
    conversions: int
    has_data: bool
    is_partial: bool
    last_event_at: datetime | None


def fetch_state(connection: Connection, period: Period, lists: Lists) -> PeriodState:
    """What a score of the period is computed from, besides what the detectors flag."""
    open_violations, not_scanned = count_open_violations(connection, period)
    state = connection.execute(_STATE, {"start": period.start, "end": period.end}).one()
    return PeriodState(
        lists=lists,
        content=fetch_content_totals(connection, period),
        open_violations=open_violations,
        not_scanned=not_scanned,
        **state._mapping,
    )


def fetch_health(connection: Connection, query: Query) -> HealthAnswer:
    """The score of the period with everything that lowered it."""
    lists = fetch_active_lists(connection, query)
    state = fetch_state(connection, query.period, lists)
    return rate_health(connection, query, state, fetch_flagged_totals(connection, query, lists))


def fetch_compared_health(connection: Connection, query: Query, comparison: Comparison | None) -> ComparedHealthAnswer:
    """The score of the period, beside that of the one it is compared with, if any."""
    health, previous = fetch_health(connection, query), None
    if comparison:
        period = fetch_compared_period(connection, query.period, comparison, query.settings.term_ends)
        previous = fetch_health(connection, replace(query, period=period))
    return ComparedHealthAnswer(**dict(health), previous=previous)


def rate_health(connection: Connection, query: Query, state: PeriodState, flagged: FlaggedTotals) -> HealthAnswer:
    """The score of the period in this state, with what is flagged under the thresholds of the query."""
    components = Components(
        fraud=fetch_fraud(connection, query, state.lists),
        bots=fetch_bots(connection, query, state.lists),
        opt_outs=format_opt_outs(state.content, query),
        coppa=format_coppa(state.content, state.open_violations, query, not_scanned=state.not_scanned),
        anomalies=fetch_anomalies(connection, query, state.lists),
    )
    findings = _summarise(components, state, flagged)
    scores = {basis: score_findings(findings, query.settings, basis) for basis in BASES}
    basis = query.settings.health_score_basis
    return HealthAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used(*_SCORE_SETTINGS) | _thresholds_of(components),
        **dict(scores[basis]),
        has_data=state.has_data,
        is_partial=state.is_partial,
        last_event_at=state.last_event_at,
        basis=basis,
        by_count=scores["count"],
        by_share=scores["share"],
        flagged_share=FlaggedShare(
            clicks=findings.network_click_share,
            conversions=_share(flagged.conversions, state.conversions),
        ),
        components=components,
    )


def _thresholds_of(components: Components) -> dict[str, int | float | str]:
    answers: list[Answer] = [answer for _, answer in components]
    return {name: value for answer in answers for name, value in answer.thresholds.items()}


def _summarise(components: Components, state: PeriodState, flagged: FlaggedTotals) -> Findings:
    return Findings(
        flagged_ips=components.fraud.total_flagged_ips,
        flagged_devices=components.bots.total_flagged_devices,
        network_click_share=_share(flagged.network_clicks, state.clicks),
        device_click_share=_share(flagged.device_clicks, state.clicks),
        share_opt_out_rate=components.opt_outs.parent_shares.opt_out_rate,
        link_opt_out_rate=components.opt_outs.attribution_links.opt_out_rate,
        compliance_rate=components.coppa.overall_compliance_rate,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
