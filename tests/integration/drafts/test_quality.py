"""How good the rules are: precision from verdicts, and what they find of fraud planted in a copy of the facts."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import Connection, text

from metrics_api.context import Context
from metrics_api.drafts.plants import BUILDERS, SIZES, build_plants
from metrics_api.drafts.power import measure_power, try_plants
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks, build_event
from viral_contract.models.quality import PlantKind

# A date of its own: what is planted depends on it.
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
YESTERDAY = NOW.date() - timedelta(days=1)
PATH = "/v1/guardrails/quality"
_FACTS = ("referrals", "device_users", "attribution_events")


@pytest.fixture
def honest(api: Api) -> Api:
    """200 conversions of 40 referrers, each of a person with an own device, minutes after a click."""
    random, events = Random(7), []
    for number in range(200):
        at = NOW - timedelta(days=random.uniform(9, 30))
        who = {
            "user_id": f"honest-{number}",
            "device_fingerprint": f"own-{number}",
            "ip_address": f"203.0.{number // 100}.{number % 100}",
            "referrer_id": f"friend-{number % 40}",
        }
        click = build_event(at=at, **who)
        conversion = build_event("conversion", at=at + timedelta(minutes=random.uniform(1, 50)), **who)
        back = build_event("visit", at=at + timedelta(days=2), **who)
        events += [click, conversion, *([back] if number % 3 else [])]
    api.post_events(*events)
    return api


def count(connection: Connection) -> list[int]:
    """How many rows the facts have."""
    return [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in _FACTS]


@pytest.mark.usefixtures("honest")
def test_finds_large_plants_and_leaves_the_facts_as_they_are(context: Context, connection: Connection) -> None:
    before = count(connection)

    found = try_plants(context, YESTERDAY, per_size=4)

    assert {kind: found[kind, SIZES[kind][-1]] for kind in ("farm", "flood")} == {"farm": 4, "flood": 4}
    # One of the rings credits too many people outside.
    assert found["ring", SIZES["ring"][-1]] == 3
    assert found["flood", SIZES["flood"][0]] == 0, "a rule that needs 30 pairs cannot judge 20"
    assert count(connection) == before
    assert try_plants(context, YESTERDAY, per_size=4) == found


def test_the_copies_hide_the_facts_from_nobody_else(honest: Api, context: Context) -> None:
    period = {"start": str(YESTERDAY - timedelta(days=29)), "end": str(YESTERDAY)}
    before = honest.read("/v1/guardrails/referrers", **period)["referrers"]

    # As often as it takes for a session to prepare the statements.
    for _ in range(6):
        try_plants(context, YESTERDAY, per_size=1)
        assert honest.read("/v1/guardrails/referrers", **period)["referrers"] == before


def test_measures_once_a_night(api: Api, context: Context, connection: Connection) -> None:
    assert api.read(PATH)["power_date"] is None

    measure_power(context, now=NOW)
    measure_power(context, now=NOW)

    answer = api.read(PATH)
    assert answer["power_date"] == str(YESTERDAY)
    assert [(each["plant"], each["size"]) for each in answer["power"]] == [
        (kind, size) for kind in sorted(SIZES) for size in SIZES[kind]
    ]
    assert all(each["found_share"] == each["found"] / each["planted"] for each in answer["power"])
    measure_power(context, now=NOW + timedelta(days=31))
    assert connection.execute(text("SELECT count(DISTINCT day) FROM power_results")).scalar_one() == 1


@pytest.mark.parametrize("kind", BUILDERS)
def test_plants_are_the_same_for_the_same_night(kind: PlantKind) -> None:
    until = datetime(2026, 3, 31, tzinfo=UTC)
    first, second = (
        [plant for each, plant in build_plants("2026-03-30", 2, 3, until) if each == kind] for _ in range(2)
    )
    assert first == second
    assert len({plant.referrers[0] for plant in first}) == 3
    assert all(row["day"] < until.date() for plant in first for row in plant.referrals)


def test_precision_is_the_share_of_decided_cases_judged_fraud(api: Api) -> None:
    for number in range(4):
        address = f"203.0.113.{number}"
        api.post_events(*build_clicks(12, at=datetime.now(UTC) - timedelta(hours=2), ip_address=address))
    api.send("POST", "/v1/guardrails/evaluations")
    cases = api.read("/v1/cases", kind="network")["cases"]
    for case, verdict in zip(cases, ("fraud", "fraud", "legitimate", "unsure"), strict=True):
        body = {"verdict": verdict, "reason": "looked at it"}
        assert api.send("POST", f"/v1/cases/{case['id']}/verdict", json=body).status_code == 200

    [rule] = [each for each in api.read(PATH)["rules"] if each["rule"] == "over_limit"]

    assert (rule["decided"], rule["fraud"], rule["precision"]) == (3, 2, 2 / 3)
    assert rule["interval"]["low"] < 2 / 3 < rule["interval"]["high"]
