"""The life of alerts: opened, updated while they last, resolved when they are over.

At most one alert of a type is unresolved. A false positive keeps its type closed until something is found that was not
judged with it, and at most until the judged dates have left the period; after that a finding has a new cause. See
docs/alerts.md.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from metrics_api.alerts.rules import Finding
from metrics_api.db.advisory_locks import AdvisoryLock, await_lock
from metrics_api.db.tables import alerts
from viral_contract.models.alerts import AlertSeverity, AlertType, Evidence
from viral_contract.models.period import Period

UNRESOLVED = ("open", "acknowledged", "snoozed")


@dataclass(frozen=True)
class OpenedAlert:
    """An alert that an evaluation has opened."""

    id: int
    type: AlertType
    severity: AlertSeverity


@dataclass(frozen=True)
class AlertChanges:
    """What an evaluation did to the alerts."""

    opened: list[OpenedAlert]
    resolved: list[int]


def await_turn(connection: Connection) -> None:
    """Make other evaluations wait until this transaction ends, so that none acts on older facts than another."""
    await_lock(connection, AdvisoryLock.EVALUATION)


def save_findings(
    connection: Connection, findings: Sequence[Finding], types: Collection[AlertType], period: Period, *, now: datetime
) -> AlertChanges:
    """Update the alerts of these types to match the findings; the caller holds the evaluation lock."""
    lasting = {row.type: row for row in _fetch_unresolved(connection, types)}
    opened = []
    for finding in findings:
        row = lasting.pop(finding.type, None)
        if row is not None:
            _save_lasting(connection, row, finding, now=now)
        elif not _is_judged(connection, finding, period):
            opened.append(_save_opened(connection, finding, now=now))
    over = [row.id for row in lasting.values()]
    _save_over(connection, over, now=now)
    return AlertChanges(opened, over)


def _fetch_unresolved(connection: Connection, types: Collection[AlertType]) -> Sequence[Row[Any]]:
    of_types = (alerts.c.status.in_(UNRESOLVED), alerts.c.type.in_(types))
    unresolved = select(alerts).where(*of_types).order_by(alerts.c.id)
    return connection.execute(unresolved.with_for_update()).all()


def _save_lasting(connection: Connection, row: Row[Any], finding: Finding, *, now: datetime) -> None:
    values: dict[str, object] = {**_columns(finding), "updated_at": now}
    if row.status == "snoozed" and row.snoozed_until <= now:
        values |= {"status": "open", "acknowledged_by": None, "snoozed_until": None}
    connection.execute(update(alerts).where(alerts.c.id == row.id).values(values))


def _save_opened(connection: Connection, finding: Finding, *, now: datetime) -> OpenedAlert:
    values = {**_columns(finding), "type": finding.type, "status": "open", "opened_at": now, "updated_at": now}
    opened: int = connection.execute(insert(alerts).values(values).returning(alerts.c.id)).scalar_one()
    return OpenedAlert(opened, finding.type, finding.severity)


def _save_over(connection: Connection, over: Sequence[int], *, now: datetime) -> None:
    values = {"status": "resolved", "resolved_at": now, "updated_at": now, "snoozed_until": None}
    connection.execute(update(alerts).where(alerts.c.id.in_(over)).values(values))


def _columns(finding: Finding) -> dict[str, object]:
    return {
        "severity": finding.severity,
        "message": finding.message,
        "evidence": finding.evidence.model_dump(mode="json"),
    }


def _is_judged(connection: Connection, finding: Finding, period: Period) -> bool:
    statement = select(alerts.c.evidence).where(
        alerts.c.type == finding.type, alerts.c.status == "false_positive", alerts.c.resolved_at >= period.begins_at
    )
    judged = connection.execute(statement).scalars()
    return any(is_covered(finding, Evidence.model_validate(evidence)) for evidence in judged)


def is_covered(finding: Finding, judged: Evidence) -> bool:
    """Whether the finding has nothing beyond what was judged a false positive.

    A silence only gets longer, so the same newest event is enough.
    """
    found = finding.evidence
    known = set(found.refs) <= set(judged.refs)
    return known and (finding.type == "no_data" or found.count <= judged.count)
