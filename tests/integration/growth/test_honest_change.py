"""What of a change of K is honest, and what is flagged."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks, build_event, build_link

YESTERDAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
BEFORE = YESTERDAY - timedelta(days=7)
WEEK = {"start": str((YESTERDAY - timedelta(days=6)).date()), "end": str(YESTERDAY.date())}
FARM = "203.0.113.7"


def convert(number: int, at: datetime, source: str, **fields: Any) -> dict[str, Any]:
    return build_event(
        "conversion", at=at, user_id=f"u-{at:%d}-{number}", referrer_id=f"r-{number}", source=source, **fields
    )


@pytest.fixture
def attacked(api: Api) -> Api:
    """Ten users invite in each week; honest conversions rise from 2 to 3, and a farm adds 4 in the last one."""
    links = [
        build_link(f"l-{at:%d}-{number}", referrer_id=f"r-{number}", inserted_at=at.isoformat())
        for at in (BEFORE, YESTERDAY)
        for number in range(10)
    ]
    api.send("POST", "/v1/links", json={"items": links})
    honest = [convert(number, BEFORE, "parent_share") for number in range(2)]
    honest += [convert(number, YESTERDAY, "parent_share") for number in range(3)]
    farm = [convert(number, YESTERDAY, "buddy_challenge", ip_address=FARM) for number in range(4, 8)]
    clicks = build_clicks(11, at=YESTERDAY, apart=60, ip_address=FARM, referrer_id="r-4")
    spread = [
        build_event(at=at, referrer_id=f"r-{n}") for at in (BEFORE, YESTERDAY) for n in range(10) for _ in range(6)
    ]
    api.post_events(*honest, *farm, *clicks, *spread)
    return api


def test_fraud_is_no_growth(attacked: Api) -> None:
    answer = attacked.read("/v1/growth/k-factor", **WEEK)
    assert (answer["k_factor"], answer["k_factor_clean"]) == (pytest.approx(0.7), pytest.approx(0.3))
    previous = answer["previous"]
    assert (previous["k_factor"], previous["k_factor_clean"]) == (pytest.approx(0.2), pytest.approx(0.2))
    change = answer["change"]
    assert (change["raw"], change["honest"], change["flagged"]) == pytest.approx((0.5, 0.1, 0.4))
    assert change["verdict"] == "too_few_to_say"


def test_the_honest_change_is_the_sum_of_its_factors_and_of_its_loops(attacked: Api) -> None:
    change = attacked.read("/v1/growth/k-factor", **WEEK)["change"]
    factors = change["by_factor"]
    assert factors == {"invites_per_user": 0, "conversions_per_invite": pytest.approx(0.1)}
    loops = {loop["source"]: loop["effect"] for loop in change["by_loop"]}
    assert loops == {"parent_share": pytest.approx(0.1), "buddy_challenge": 0}


def test_without_anything_flagged_all_of_the_change_is_honest(attacked: Api) -> None:
    change = attacked.read("/v1/growth/k-factor", **WEEK, fraud_ip_click_threshold=50)["change"]
    assert (change["honest"], change["flagged"]) == (pytest.approx(0.5), pytest.approx(0))


def test_what_cannot_be_compared_has_no_change(api: Api) -> None:
    assert api.read("/v1/growth/k-factor", days=1)["change"] is None
