"""Evaluations of the guardrails on demand, and their history."""

from datetime import UTC, datetime
from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.alerts.growth import evaluate_growth
from metrics_api.api.context import current_context
from metrics_api.api.enqueue import enqueue_alert_messages
from metrics_api.api.routing import Resource
from metrics_api.health.history import fetch_history
from viral_contract.models.evaluations import Evaluation, HistoryAnswer
from viral_contract.models.flags import Flag
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery

evaluations = Resource("evaluations")
history = Resource("history", Flag.GUARDRAIL_DASHBOARD)
_HISTORY_DAYS = 30


@evaluations.route("POST", "/v1/guardrails/evaluations", scope=Scope.ALERTS_WRITE, answers={HTTPStatus.OK: Evaluation})
def post_evaluation() -> Evaluation:
    """Evaluate the last 7 days now, as happens automatically every minute."""
    context = current_context()
    now = datetime.now(UTC)
    evaluation = evaluate_guardrails(context, now=now)
    growth = evaluate_growth(context, now=now)
    enqueue_alert_messages()
    opened = [*evaluation.opened_alerts, *(alert.id for alert in growth.opened)]
    resolved = [*evaluation.resolved_alerts, *growth.resolved]
    return evaluation.model_copy(update={"opened_alerts": opened, "resolved_alerts": resolved})


@history.route("GET", "/v1/guardrails/history", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: HistoryAnswer})
def get_history(query: PeriodQuery, connection: Connection) -> HistoryAnswer:
    """Get the health score over time, by default for the last 30 days."""
    now = datetime.now(UTC)
    period = query.period(now=now, default_days=_HISTORY_DAYS)
    basis = current_context().settings.detection.health_score_basis
    return HistoryAnswer(period=period, computed_at=now, points=fetch_history(connection, period, basis))
