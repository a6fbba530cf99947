"""No growth or report read looks through the events; K clean may read the period's conversions by their index."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from metrics_api.context import Context
from tests.support.api_fixtures import Api


@pytest.fixture
def statements(context: Context) -> Iterator[list[str]]:
    """Every statement that the application sends."""
    engine: Engine = context.database._engine
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("read", ["funnel", "cohorts", "cohort-k", "spread", "cycle-time"])
@pytest.mark.parametrize("part", [{}, {"source": "buddy_challenge"}])
def test_growth_reads_touch_facts_only(api: Api, statements: list[str], read: str, part: dict[str, str]) -> None:
    api.read(f"/v1/growth/{read}", **part)
    assert statements
    assert [statement for statement in statements if "attribution_events" in statement] == []


@pytest.mark.parametrize(("read", "periods"), [("k-factor", 2), ("timeline", 1), ("loops", 1), ("referrers", 1)])
@pytest.mark.parametrize("part", [{}, {"source": "buddy_challenge"}, {"campaign": "spring"}])
def test_clean_figures_read_nothing_but_the_periods_conversions(
    api: Api, statements: list[str], read: str, periods: int, part: dict[str, str]
) -> None:
    api.read(f"/v1/growth/{read}", **part)
    touching = [statement for statement in statements if "attribution_events" in statement]
    assert len(touching) == periods
    assert all("event_type = 'conversion'" in statement for statement in touching)


def test_the_conversions_of_a_period_are_found_by_their_index(connection: object) -> None:
    connection.execute(text("SET enable_seqscan = off"))  # type: ignore[attr-defined]
    plan = connection.execute(  # type: ignore[attr-defined]
        text("""
            EXPLAIN SELECT FROM attribution_events WHERE event_type = 'conversion' AND referrer_id IS NOT NULL
                AND occurred_at >= now() - interval '7 days' AND occurred_at < now()
        """)
    ).scalars()
    assert "Seq Scan" not in "\n".join(plan)
