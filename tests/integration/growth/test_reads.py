"""No growth read looks through the events."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event
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


BY_LOOP = [{}, {"source": "buddy_challenge"}]
BY_CAMPAIGN = [*BY_LOOP, {"campaign": "spring"}]
READS = {
    **dict.fromkeys(("funnel", "cohorts", "cohort-k", "spread", "cycle-time"), BY_LOOP),
    **dict.fromkeys(("k-factor", "timeline", "loops", "referrers"), BY_CAMPAIGN),
}


@pytest.mark.parametrize(("read", "part"), [(read, part) for read, parts in READS.items() for part in parts])
def test_growth_reads_touch_facts_only(api: Api, statements: list[str], read: str, part: dict[str, str]) -> None:
    api.read(f"/v1/growth/{read}", **part)
    assert statements
    assert [statement for statement in statements if "attribution_events" in statement] == []
