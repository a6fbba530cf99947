"""Sees which statements a read sends, and how PostgreSQL would carry them out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event


@dataclass
class Statements:
    """What a connection was asked, in order."""

    sent: list[tuple[str, Any]] = field(default_factory=list)

    def explain(self, connection: Connection) -> list[str]:
        """The plan of each query, as one text."""
        plans = []
        for statement, parameters in self.sent:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                plans.append("\n".join(rows.scalars()))
        return plans


@contextmanager
def watch_statements(connection: Connection | Engine) -> Iterator[Statements]:
    """Note every statement sent over this connection, or by this engine, within the block."""
    statements = Statements()

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        statements.sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


def count_rows_read(connection: Connection, table: str, statement: str, parameters: Any) -> float:
    """Run the statement, and say how many rows of the table it read, those that it left out included."""
    plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
    return sum(_list_rows_read(plan[0]["Plan"], table))


def _list_rows_read(plan: dict[str, Any], table: str) -> Iterator[float]:
    if plan.get("Relation Name") == table and plan["Node Type"] != "ModifyTable":
        yield plan["Actual Loops"] * (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))
    for inner in plan.get("Plans", ()):
        yield from _list_rows_read(inner, table)
