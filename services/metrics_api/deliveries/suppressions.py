"""Addresses that get nothing anymore, because a mail server said for good that it takes nothing for them."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.paging import Page
from metrics_api.db.tables import suppressions
from viral_contract.models.subscriptions import Suppression

CURSOR = "suppressions"
_column = suppressions.c


def fetch_suppressions(connection: Connection, page: Page) -> list[Suppression]:
    """A page of the suppressed addresses, and one row more if others follow."""
    statement = select(suppressions).order_by(_column.email).limit(page.fetch)
    if page.after:
        statement = statement.where(_column.email > page.after[0])
    return [Suppression(**row._mapping) for row in connection.execute(statement)]


def count_suppressions(connection: Connection) -> int:
    """How many addresses are suppressed."""
    return connection.execute(select(func.count()).select_from(suppressions)).scalar_one()


def delete_suppression(connection: Connection, email: str, *, actor: str, now: datetime) -> bool:
    """Let an address get email again; says whether it was suppressed. The audit keeps why it was."""
    return _lift(connection, func.lower(_column.email) == email.lower(), actor=actor, now=now)


def lift_for_retry(connection: Connection, delivery_id: int, *, actor: str, now: datetime) -> None:
    """Let the address that was suppressed for this very delivery get email again, because a person sends it again."""
    _lift(connection, _column.delivery_id == delivery_id, actor=actor, now=now)


def _lift(connection: Connection, chosen: ColumnElement[bool], *, actor: str, now: datetime) -> bool:
    lifted = connection.execute(delete(suppressions).where(chosen).returning(_column.email, _column.reason)).all()
    for email, reason in lifted:
        subject, details = f"suppression:{email.lower()}", {"reason": reason}
        save_audit_entry(connection, actor=actor, action="lift_suppression", subject=subject, details=details, now=now)
    return bool(lifted)
