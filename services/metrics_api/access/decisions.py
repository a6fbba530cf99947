"""What people decide about work that waits for them: done where it still waits, and noted."""

from datetime import datetime

from sqlalchemy import Connection, TextClause

from metrics_api.access.audit import save_audit_entry


def save_decision(
    connection: Connection, statement: TextClause, action: str, row: tuple[str, int], *, actor: str, now: datetime
) -> bool:
    """Run the statement on a row, named by kind and id, and note it; False when the row waits for no such decision.

    The statement takes `:row_id` and `:now`.
    """
    kind, row_id = row
    if connection.execute(statement, {"row_id": row_id, "now": now}).rowcount == 0:
        return False
    save_audit_entry(connection, actor=actor, action=action, subject=f"{kind}:{row_id}", now=now)
    return True
