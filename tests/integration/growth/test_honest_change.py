"""What of a change of K is honest, and what is flagged."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metrics_api.context import Context
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks, build_event, build_link
from tests.support.case_builders import evaluate

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


def test_who_is_behind_what_is_flagged_is_named(attacked: Api, context: Context) -> None:
    change = attacked.read("/v1/growth/k-factor", **WEEK)["change"]
    assert change["culprits"] == [{"referrer_id": f"r-{number}", "conversions": 1} for number in range(4, 7)]
    assert (change["total_culprits"], change["flagged_conversions"], change["open_cases"]) == (4, 4, 0)
    assert (change["k_factor_clean"], change["previous_k_factor_clean"]) == pytest.approx((0.3, 0.2))
    evaluate(context)
    assert attacked.read("/v1/growth/k-factor", **WEEK)["change"]["open_cases"] == 1


def test_a_loop_is_shown_with_and_without_what_is_flagged(attacked: Api) -> None:
    loops = {loop["source"]: loop for loop in attacked.read("/v1/growth/loops", **WEEK)["loops"]}
    farm = loops["buddy_challenge"]
    assert (farm["conversions"], farm["flagged_conversions"]) == (4, 4)
    assert (farm["k_factor"], farm["k_factor_clean"]) == pytest.approx((0.7 - 0.3, 0))
    assert loops["parent_share"]["flagged_conversions"] == 0
    plain = attacked.read("/v1/growth/loops", **WEEK, fraud_ip_click_threshold=50)["loops"]
    assert sum(loop["flagged_conversions"] for loop in plain) == 0


def test_referrers_are_ranked_by_what_counts_and_not_under_a_case(attacked: Api, context: Context) -> None:
    own = [
        build_event("conversion", at=YESTERDAY, referrer_id="r-9", user_id="r-9", conversion_value=value)
        for value in (1, 2)
    ]
    attacked.post_events(*own)
    evaluate(context)
    first, *others = attacked.read("/v1/growth/referrers", **WEEK)["referrers"]
    assert (first["referrer_id"], first["conversions"], first["flagged_conversions"]) == ("r-9", 2, 2)
    assert (first["case"]["rules"], first["k_contribution_clean"]) == (["self_referral"], 0)
    answer = attacked.read("/v1/growth/referrers", **WEEK, sort="clean_conversions", ranked=True)
    names = [referrer["referrer_id"] for referrer in answer["referrers"]]
    assert names[:3] == ["r-0", "r-1", "r-2"]
    assert set(names) == {referrer["referrer_id"] for referrer in others}
    assert [referrer["referrer_id"] for referrer in answer["not_ranked"]] == ["r-9"]
    assert answer["referrers"][0]["k_contribution_clean"] == pytest.approx(0.1)


def test_what_came_from_an_unknown_network_counts_on_a_day_with_a_flagged_one(attacked: Api) -> None:
    assert attacked.read("/v1/growth/spread", **WEEK)["mean"] == pytest.approx(0.3)


def test_what_cannot_be_compared_has_no_change(api: Api) -> None:
    assert api.read("/v1/growth/k-factor", days=1)["change"] is None
