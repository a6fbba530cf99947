"""Reads alerts for people: lists, details and quality."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from sqlalchemy import ColumnElement, Connection, DateTime, Integer, Row, Text, and_, case, cast, func, or_, select
from sqlalchemy.sql import Select

from metrics_api.access.audit import fetch_audit_entries
from metrics_api.access.identifiers import Identifiers
from metrics_api.alerts.lifecycle import UNRESOLVED
from metrics_api.db.paging import Page
from metrics_api.db.tables import alerts
from viral_contract.models.alerts import (
    ActionTaken,
    Alert,
    AlertDetail,
    AlertQuality,
    AlertSeverity,
    AlertSort,
    AlertType,
    EvidenceRow,
    StatusFilter,
    TypeQuality,
)
from viral_contract.models.flagged import SortOrder
from viral_contract.models.period import Period

Shown = TypeVar("Shown", bound=Alert)
_ENDED = ("resolved", "false_positive")
_STATUSES: dict[StatusFilter, Sequence[str]] = {
    "open": ("open", "acknowledged"),
    "unresolved": UNRESOLVED,
    "ended": _ENDED,
    "all": (*UNRESOLVED, *_ENDED),
}
# Each with the type that a cursor's text is cast to.
_KEYS: Mapping[AlertSort, tuple[ColumnElement[Any], Any]] = {
    "severity": (case({"critical": 3, "high": 2, "medium": 1}, value=alerts.c.severity), Integer()),
    "opened": (alerts.c.opened_at, DateTime(timezone=True)),
    "type": (alerts.c.type, Text()),
}


@dataclass(frozen=True)
class Wanted:
    """A filter of alerts: by status, type, severity, period in which they lasted, and a text in message or note."""

    status: StatusFilter
    type: AlertType | None = None
    severity: AlertSeverity | None = None
    period: Period | None = None
    text: str | None = None

    def conditions(self) -> list[Any]:
        """The filter's conditions in SQL."""
        met: list[Any] = [alerts.c.status.in_(_STATUSES.get(self.status, (self.status,)))]
        if self.type:
            met.append(alerts.c.type == self.type)
        if self.severity:
            met.append(alerts.c.severity == self.severity)
        if self.period:
            ended = func.coalesce(alerts.c.resolved_at, alerts.c.updated_at)
            met += [alerts.c.opened_at < self.period.ends_before, ended >= self.period.begins_at]
        if self.text:
            parts = (alerts.c.message, alerts.c.note, alerts.c.type, alerts.c.acknowledged_by, alerts.c.resolved_by)
            met.append(or_(*(part.icontains(self.text, autoescape=True) for part in parts)))
        return met


@dataclass(frozen=True)
class Order:
    """The order of a list of alerts: the worst or newest first, types from a to z, where none is asked for."""

    sort: AlertSort = "severity"
    order: SortOrder | None = None

    @property
    def is_descending(self) -> bool:
        """Whether the largest value comes first."""
        return self.sort != "type" if self.order is None else self.order == "desc"

    @property
    def cursor(self) -> str:
        """The name of the list in this order."""
        return f"alerts by {self.sort} {'desc' if self.is_descending else 'asc'}"

    def sort_and_page(self, statement: Select[Any], page: Page) -> Select[Any]:
        """The statement with the rows of a page, of alerts with the same value the newest first."""
        value, kind = _KEYS[self.sort]
        if page.after:
            last, last_id = cast(page.after[0], kind), int(page.after[1])
            further = value < last if self.is_descending else value > last
            statement = statement.where(or_(further, and_(value == last, alerts.c.id < last_id)))
        by_value = value.desc() if self.is_descending else value.asc()
        return statement.add_columns(value.label("sort_value")).order_by(by_value, alerts.c.id.desc()).limit(page.fetch)


def fetch_alerts(
    connection: Connection, wanted: Wanted, order: Order, page: Page
) -> tuple[list[Alert], tuple[object, int] | None]:
    """A page of matching alerts in their order, and its last key if more follow."""
    statement = order.sort_and_page(select(alerts).where(*wanted.conditions()), page)
    shown, last = page.split(connection.execute(statement).all())
    return [format_alert(row) for row in shown], last and (last.sort_value, last.id)


def count_alerts(connection: Connection, wanted: Wanted) -> int:
    """The number of matching alerts."""
    return connection.execute(select(func.count()).select_from(alerts).where(*wanted.conditions())).scalar_one()


def show_evidence(alert: Shown, identifiers: Identifiers) -> Shown:
    """The alert as this caller may see it; only references and masks are stored."""
    show = {"fraud_detection": identifiers.show_ip_address, "bot_detection": identifiers.show_device}.get(alert.type)
    if show is None:
        return alert
    rows = [_show_row(row, identifiers, show) for row in alert.evidence.rows]
    return alert.model_copy(update={"evidence": alert.evidence.model_copy(update={"rows": rows})})


def _show_row(row: EvidenceRow, identifiers: Identifiers, show: Callable[[str], str]) -> EvidenceRow:
    identifier = identifiers.references.to_identifier(row.ref)
    if identifier == row.ref:
        # Created with another key, so it cannot be decrypted.
        return row
    return row.model_copy(update={"label": show(identifier), "alias": identifiers.references.to_alias(identifier)})


def fetch_alert(connection: Connection, alert_id: int) -> AlertDetail | None:
    """One alert with its history of actions, or None if it does not exist."""
    row = connection.execute(select(alerts).where(alerts.c.id == alert_id)).one_or_none()
    if row is None:
        return None
    actions = [_format_action(entry) for entry in fetch_audit_entries(connection, format_subject(alert_id))]
    return AlertDetail(**format_alert(row).model_dump(), actions=actions)


def format_subject(alert_id: int) -> str:
    """The alert as the subject of audit entries."""
    return f"alert:{alert_id}"


def format_alert(row: Row[Any]) -> Alert:
    """The alert of a row of the table."""
    return Alert.model_validate({name: row._mapping[name] for name in Alert.model_fields})


def _format_action(entry: Row[Any]) -> ActionTaken:
    details = entry.details or {}
    return ActionTaken(
        at=entry.at, actor=entry.actor, action=entry.action, note=details.get("note"), until=details.get("until")
    )


def fetch_quality(connection: Connection) -> AlertQuality:
    """The number of opened alerts and of false positives, by type."""
    false_positives = func.count().filter(alerts.c.status == "false_positive")
    rows = connection.execute(select(alerts.c.type, func.count(), false_positives).group_by(alerts.c.type)).all()
    counts = {kind: (opened, wrong) for kind, opened, wrong in rows}
    return AlertQuality(types=[_format_quality(kind, *counts.get(kind, (0, 0))) for kind in get_args(AlertType)])


def _format_quality(kind: AlertType, opened: int, false_positives: int) -> TypeQuality:
    return TypeQuality(
        type=kind,
        opened=opened,
        false_positives=false_positives,
        false_positive_rate=false_positives / opened if opened else 0,
    )
