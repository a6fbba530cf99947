"""Reads every detector in one snapshot and scores what they found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.db.event_types import EVENT_TYPES_SQL
from metrics_api.detection.anomalies import fetch_anomalies
from metrics_api.detection.bots import fetch_bots
from metrics_api.detection.content_totals import ContentTotals, fetch_content_totals
from metrics_api.detection.coppa import format_coppa
from metrics_api.detection.coppa_violations import count_open_violations
from metrics_api.detection.fraud import fetch_fraud
from metrics_api.detection.opt_outs import format_opt_outs
from metrics_api.detection.query import Query
from metrics_api.detection.trusted_networks import fetch_active_trust
from metrics_api.health.score import Findings, compute_score, itemise_deductions, rate_score, sum_deductions
from viral_contract.models.guardrails import Answer, Components, HealthAnswer
from viral_contract.models.period import Period

# Of purged dates sums are left, which tell that there was something to be flagged. The newest event is one look-up for
# each type in the index on (event_type, occurred_at).
_STATE = text(f"""
    SELECT
        EXISTS (SELECT FROM activity_per_referrer_day WHERE day BETWEEN :start AND :end
            AND invites + clicks + visits + signups + conversions + activations > 0)
        OR EXISTS (SELECT FROM content_per_day WHERE day BETWEEN :start AND :end AND items > 0) AS has_data,
        EXISTS (SELECT FROM activity_per_referrer_day WHERE day BETWEEN :start AND :end
            AND day < (SELECT max(events_from) FROM purges) AND clicks + conversions > 0) AS is_partial,
        (SELECT max(newest) FROM unnest({EVENT_TYPES_SQL}) AS kind,
            LATERAL (SELECT max(occurred_at) AS newest FROM attribution_events WHERE event_type = kind) AS events
        ) AS last_event_at
""")
_SCORE_SETTINGS = (
    "health_score_fraud_deduction",
    "health_score_bot_deduction",
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
class Basis:
    """What is known of a period whatever the thresholds are."""

    trust: Mapping[str, str]
    content: Mapping[str, ContentTotals]
    open_violations: int
    not_scanned: int
    has_data: bool
    is_partial: bool
    last_event_at: datetime | None


def fetch_basis(connection: Connection, period: Period, trust: Mapping[str, str]) -> Basis:
    """What a score of the period stands on, besides what the detectors flag."""
    open_violations, not_scanned = count_open_violations(connection, period)
    state = connection.execute(_STATE, {"start": period.start, "end": period.end}).one()
    return Basis(
        trust=trust,
        content=fetch_content_totals(connection, period),
        open_violations=open_violations,
        not_scanned=not_scanned,
        has_data=state.has_data,
        is_partial=state.is_partial,
        last_event_at=state.last_event_at,
    )


def fetch_health(connection: Connection, query: Query) -> HealthAnswer:
    """The score of the period with everything that lowered it."""
    trust = fetch_active_trust(connection, now=query.now)
    return rate_health(connection, query, fetch_basis(connection, query.period, trust))


def rate_health(connection: Connection, query: Query, basis: Basis) -> HealthAnswer:
    """The score of the period on this basis, under the thresholds of the query."""
    components = Components(
        fraud=fetch_fraud(connection, query, basis.trust),
        bots=fetch_bots(connection, query, basis.trust),
        opt_outs=format_opt_outs(basis.content, query),
        coppa=format_coppa(basis.content, basis.open_violations, query, not_scanned=basis.not_scanned),
        anomalies=fetch_anomalies(connection, query),
    )
    items = itemise_deductions(_summarise(components), query.settings)
    score = compute_score(items)
    return HealthAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used(*_SCORE_SETTINGS) | _thresholds_of(components),
        health_score=score,
        health_status=rate_score(score, query.settings),
        has_data=basis.has_data,
        is_partial=basis.is_partial,
        last_event_at=basis.last_event_at,
        deductions=sum_deductions(items),
        deduction_items=items,
        components=components,
    )


def _thresholds_of(components: Components) -> dict[str, int | float]:
    answers: list[Answer] = [answer for _, answer in components]
    return {name: value for answer in answers for name, value in answer.thresholds.items()}


def _summarise(components: Components) -> Findings:
    return Findings(
        flagged_ips=components.fraud.total_flagged_ips,
        flagged_devices=components.bots.total_flagged_devices,
        share_opt_out_rate=components.opt_outs.parent_shares.opt_out_rate,
        link_opt_out_rate=components.opt_outs.attribution_links.opt_out_rate,
        compliance_rate=components.coppa.overall_compliance_rate,
    )
