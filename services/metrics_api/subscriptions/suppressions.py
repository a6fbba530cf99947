"""Addresses that get nothing any more, because a mail server said for good that it takes nothing for them."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.paging import Page
from metrics_api.db.tables import suppressions
from viral_engine.contract.subscriptions import Suppression

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
    statement = delete(suppressions).where(func.lower(_column.email) == email.lower()).returning(_column.reason)
    reason = connection.execute(statement).scalar_one_or_none()
    if reason is None:
        return False
    subject, details = f"suppression:{email.lower()}", {"reason": reason}
    save_audit_entry(connection, actor=actor, action="lift_suppression", subject=subject, details=details, now=now)
    return True
