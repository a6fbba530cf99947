"""Reads every detector in one snapshot and scores what they found."""

from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.db.event_types import EVENT_TYPES_SQL
from metrics_api.detection.anomalies import fetch_anomalies
from metrics_api.detection.bots import fetch_bots
from metrics_api.detection.coppa import fetch_coppa
from metrics_api.detection.fraud import fetch_fraud
from metrics_api.detection.opt_outs import fetch_opt_outs
from metrics_api.detection.query import Query
from metrics_api.health.score import Findings, compute_score, itemise_deductions, rate_score, sum_deductions
from metrics_api.ingest.retention import fetch_retained
from viral_contract.models.guardrails import Answer, Components, HealthAnswer
from viral_contract.models.period import Period

# One look-up in the index on (event_type, occurred_at) for each type.
_LAST_EVENT_AT = text(f"""
    SELECT max(newest) FROM unnest({EVENT_TYPES_SQL}) AS kind,
        LATERAL (SELECT max(occurred_at) AS newest FROM attribution_events WHERE event_type = kind) AS events
""")
_HAS_DATA = text("""
    SELECT EXISTS (SELECT FROM activity_per_referrer_day WHERE day BETWEEN :start AND :end
            AND invites + clicks + visits + signups + conversions + activations > 0)
        OR EXISTS (SELECT FROM content_per_day WHERE day BETWEEN :start AND :end AND items > 0)
""")
# Of purged dates sums are left, which tell that there was something to be flagged.
_IS_PARTIAL = text("""
    SELECT EXISTS (SELECT FROM activity_per_referrer_day
        WHERE day >= :start AND day <= :end AND day < :kept AND clicks + conversions > 0)
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


def fetch_health(connection: Connection, query: Query) -> HealthAnswer:
    """The score of the period with everything that lowered it."""
    components = Components(
        fraud=fetch_fraud(connection, query),
        bots=fetch_bots(connection, query),
        opt_outs=fetch_opt_outs(connection, query),
        coppa=fetch_coppa(connection, query),
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
        has_data=_fetch_has_data(connection, query.period),
        is_partial=_fetch_is_partial(connection, query.period),
        last_event_at=fetch_last_event_at(connection),
        deductions=sum_deductions(items),
        deduction_items=items,
        components=components,
    )


def _thresholds_of(components: Components) -> dict[str, int | float]:
    answers: list[Answer] = [answer for _, answer in components]
    return {name: value for answer in answers for name, value in answer.thresholds.items()}


def fetch_last_event_at(connection: Connection) -> datetime | None:
    """The time of the newest event of all, or None when there is none."""
    newest: datetime | None = connection.execute(_LAST_EVENT_AT).scalar_one()
    return newest


def _fetch_has_data(connection: Connection, period: Period) -> bool:
    found: bool = connection.execute(_HAS_DATA, {"start": period.start, "end": period.end}).scalar_one()
    return found


def _fetch_is_partial(connection: Connection, period: Period) -> bool:
    dates = {"start": period.start, "end": period.end, "kept": fetch_retained(connection).events}
    found: bool = connection.execute(_IS_PARTIAL, dates).scalar_one()
    return found


def _summarise(components: Components) -> Findings:
    return Findings(
        flagged_ips=components.fraud.total_flagged_ips,
        flagged_devices=components.bots.total_flagged_devices,
        share_opt_out_rate=components.opt_outs.parent_shares.opt_out_rate,
        link_opt_out_rate=components.opt_outs.attribution_links.opt_out_rate,
        compliance_rate=components.coppa.overall_compliance_rate,
    )
