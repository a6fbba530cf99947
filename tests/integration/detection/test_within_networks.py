"""Whether an address is within one of many networks is what the operator of PostgreSQL says."""

from random import Random

import pytest
from sqlalchemy import Connection, text

from metrics_api.detection.listed_events import build_is_within, list_networks


@pytest.mark.parametrize("size", [0, 1, 32, 33, 200])
def test_many_networks_hold_what_they_hold_one_by_one(connection: Connection, size: int) -> None:
    random = Random(size)
    four = [f"10.{random.randrange(4)}.{random.randrange(16)}.0/{random.choice((24, 26))}" for _ in range(size)]
    six = [f"2001:db8:{random.randrange(64):x}::/{random.choice((48, 64))}" for _ in range(size)]
    listed = list_networks((four + six)[:: 2 if size > 1 else 1][:size])
    own = [f"10.{random.randrange(4)}.{random.randrange(16)}.{random.randrange(256)}" for _ in range(300)]
    own += [f"2001:db8:{random.randrange(64):x}::{random.choice(('/64', '1', '/48'))}" for _ in range(300)]
    asked = text(f"""
        SELECT coalesce({build_is_within("own", ":listed")}, false) AS found,
            coalesce(own <<= ANY(CAST(:listed AS inet[])), false) AS held
        FROM unnest(CAST(:own AS inet[])) AS own
    """)
    rows = connection.execute(asked, {"listed": listed, "own": [*own, None]}).all()
    assert [row.found for row in rows] == [row.held for row in rows]
    assert any(row.found for row in rows) == (size > 1)
