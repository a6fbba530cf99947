"""Stakes: a list counts each conversion once, whatever happened to cases before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.context import Context
from metrics_api.privacy.case_names import purge_case_conversions, purge_cases
from metrics_api.privacy.retention import Retention
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks, build_event
from tests.support.case_builders import FRAUD, LEGITIMATE, YESTERDAY, evaluate
from tests.support.entity_lists import save_entry
from tests.support.privacy_requests import erase

NETWORKS = [f"203.0.113.{number}" for number in range(3)]
DEVICES = [f"device-{number}" for number in range(3)]
PEOPLE = ["sam", "zoe", "leo"]
UNSURE: dict[str, Any] = {"verdict": "unsure", "reason": "Ask the school"}
_BY_HAND = """
    SELECT count(*), count(*) FILTER (WHERE is_flagged) FROM (
        SELECT event_id, bool_or(is_flagged) AS is_flagged FROM case_conversions JOIN cases ON cases.id = case_id
        WHERE {condition} GROUP BY event_id
    ) AS conversion
"""


def plant(api: Api, random: Random) -> None:
    """Conversions that are at stake for several reasons at once, or for one."""
    for network, device, person in zip(NETWORKS, DEVICES, PEOPLE, strict=True):
        api.post_events(
            *build_clicks(11, at=YESTERDAY, apart=60, ip_address=network),
            *build_clicks(5, at=YESTERDAY, apart=0.2, device_fingerprint=device),
            build_event("conversion", at=YESTERDAY, referrer_id=person, user_id=person),
        )
    for number in range(20):
        parts = {"ip_address": random.choice(NETWORKS), "device_fingerprint": random.choice(DEVICES)}
        chosen = {name: value for name, value in parts.items() if random.random() < 0.7}
        person = random.choice(PEOPLE)
        at = YESTERDAY - timedelta(days=random.choice((0, 0, 3)))
        api.post_events(build_event("conversion", at=at, referrer_id=person, user_id=f"user-{number}", **chosen))


def check(api: Api, connection: Connection) -> None:
    """Every list counts what is stored."""
    for query, condition in (
        *(({"status": status}, f"status = '{status}'") for status in ("open", "decided", "closed")),
        ({"kind": "network"}, "status = 'open' AND kind = 'network'"),
        ({"kind": "device", "status": "decided"}, "status = 'decided' AND kind = 'device'"),
        ({"rule": "self_referral"}, "status = 'open' AND 'self_referral' = ANY(rules)"),
        ({"strength": "looks"}, "status = 'open' AND strength = 'looks'"),
        ({"q": "device"}, "status = 'open' AND entity LIKE '%device%'"),
    ):
        answer = api.read("/v1/cases", **query)
        counted = (answer["stake"]["conversions"], answer["flagged_conversions"])
        assert counted == tuple(connection.execute(text(_BY_HAND.format(condition=condition))).one()), query
        assert answer["total"] == len(answer["cases"])


@pytest.mark.parametrize("seed", range(4))
def test_every_conversion_is_counted_once_after_whatever_happens(
    api: Api, context: Context, connection: Connection, seed: int
) -> None:
    random = Random(seed)
    plant(api, random)
    steps = list(build_steps(api, context, connection, random))
    evaluate(context)
    for step in [*random.sample(steps, len(steps)), *random.choices(steps, k=4)]:
        step()
        check(api, connection)


def build_steps(api: Api, context: Context, connection: Connection, random: Random) -> list[Callable[[], object]]:
    """What people, evaluations, the purge and erasures do."""

    def choose(status: str) -> list[int]:
        return [case["id"] for case in api.read("/v1/cases", status=status)["cases"]]

    def decide(verdict: dict[str, Any]) -> None:
        ids = [each for status in ("open", "decided") for each in choose(status)]
        api.send("POST", "/v1/cases/verdicts", json={"ids": random.sample(ids, min(2, len(ids))) or [1], **verdict})

    def undo() -> None:
        for case_id in choose("decided")[:2]:
            api.send("POST", f"/v1/cases/{case_id}/undo")

    def purge() -> None:
        kept_from = (YESTERDAY - timedelta(days=1)).date()
        now = datetime.now(UTC)
        with context.database.write() as writing:
            purge_case_conversions(writing, Retention(kept_from, kept_from, kept_from, now))
        with context.database.write() as writing:
            purge_cases(writing, Retention(now.date(), kept_from, kept_from, now))

    def watch() -> None:
        save_entry(api, "watch/referrer", random.choice(PEOPLE))
        evaluate(context)

    def trust() -> None:
        api.send("PUT", f"/v1/trusted-networks/{random.choice(NETWORKS)}", json={"reason": "A school"})
        evaluate(context)

    return [
        lambda: evaluate(context),
        lambda: decide({**FRAUD, "change": True}),
        lambda: decide({**LEGITIMATE, "change": True}),
        lambda: decide({**UNSURE, "change": True}),
        undo,
        watch,
        trust,
        purge,
        lambda: erase(api, connection, "user", f"user-{random.randrange(20)}"),
        lambda: erase(api, connection, "device", random.choice(DEVICES)),
    ]
