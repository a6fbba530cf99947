"""Cohort K and spread: by hand, against an independent count, and without what is flagged."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from metrics_api.context import Context
from tests.support.api_fixtures import Api
from tests.support.builders import build_event, build_link
from tests.support.case_builders import FRAUD, evaluate

Event = dict[str, Any]
NOW = datetime.now(UTC)
MONDAY = (NOW - timedelta(days=NOW.weekday())).replace(hour=9, minute=0, second=0, microsecond=0)
"""Of this week, some time after its beginning."""
OLD = MONDAY - timedelta(weeks=6)


def sign_up(user: str, at: datetime, referrer: str | None = None) -> Event:
    return build_event("signup", at=at, user_id=user, **({"referrer_id": referrer} if referrer else {}))


def convert(user: str, at: datetime, referrer: str) -> Event:
    return build_event("conversion", at=at, user_id=user, referrer_id=referrer)


def week_of(answer: Event, moment: datetime) -> Event:
    """The cohort of the week of a moment."""
    monday = str((moment - timedelta(days=moment.weekday())).date())
    (cohort,) = [each for each in answer["cohorts"] if each["week_start"] == monday]
    found: Event = cohort
    return found


def test_every_figure_of_a_cohort_is_exact(api: Api) -> None:
    members = [sign_up(name, OLD + timedelta(hours=number)) for number, name in enumerate(("ana", "bo", "cy", "di"))]
    brought = [
        sign_up("ana-1", OLD + timedelta(days=1), "ana"),
        # Who signs up twice was brought once.
        sign_up("ana-1", OLD + timedelta(days=2), "ana"),
        sign_up("ana-2", OLD + timedelta(days=27, hours=23), "ana"),
        sign_up("ana-3", OLD + timedelta(days=28), "ana"),
        sign_up("bo-1", OLD + timedelta(days=3), "bo"),
        convert("ana-1", OLD + timedelta(days=4), "ana"),
    ]
    links = [
        build_link(f"l-{number}", referrer_id=name, inserted_at=(OLD + timedelta(days=1)).isoformat())
        for number, name in enumerate(("ana", "ana", "ana", "bo"))
    ]
    api.send("POST", "/v1/links", json={"items": links})
    api.post_events(*members, *brought)
    answer = api.read("/v1/growth/cohort-k")
    cohort = week_of(answer, OLD)
    # The week of the members has ana-1 and bo-1, too.
    expected = {
        "users": 6,
        "matured": True,
        "share_inviting": pytest.approx(2 / 6),
        "invites_per_inviter": 2,
        "referred_signups": 3,
        "referred_conversions": 1,
        "k_cohort": 0.5,
        "k_conversions": pytest.approx(1 / 6),
    }
    assert {name: cohort[name] for name in expected} == expected
    assert cohort["interval"]["low"] <= 0.5 <= cohort["interval"]["high"]
    headline = answer["headline"]
    assert (headline["k_cohort"], headline["users"], headline["week_to"]) == (0.5, 6, cohort["week"])


def test_a_cohort_matures_with_the_last_of_its_users(api: Api) -> None:
    answer = api.read("/v1/growth/cohort-k", weeks=8, days=7)
    assert [cohort["matured"] for cohort in answer["cohorts"]] == [True] * 6 + [False] * 2
    assert (answer["headline"], answer["cohorts"][0]["interval"]) == (None, None)


def count_by_hand(events: Sequence[Event], days: int) -> dict[date, tuple[int, int]]:
    """Users and referred signups by week, counted by looking at every pair."""
    signed_up = {
        event["user_id"]: datetime.fromisoformat(event["occurred_at"])
        for event in sorted(events, key=lambda event: event["occurred_at"], reverse=True)
    }
    found: dict[date, tuple[int, int]] = {}
    for user, since in signed_up.items():
        brought = {
            event["user_id"]
            for event in events
            if event.get("referrer_id") == user
            and event["user_id"] != user
            and since <= datetime.fromisoformat(event["occurred_at"]) < since + timedelta(days=days)
        }
        monday = (since - timedelta(days=since.weekday())).date()
        users, signups = found.get(monday, (0, 0))
        found[monday] = (users + 1, signups + len(brought))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_cohorts_equal_a_count_of_every_pair(api: Api, seed: int) -> None:
    world = random.Random(seed)
    names = [f"u-{number}" for number in range(60)]
    events = [
        sign_up(name, OLD + timedelta(days=world.uniform(-6, 40)), world.choice([None, *names])) for name in names * 2
    ]
    events = [event for event in events if event["occurred_at"] < NOW.isoformat()]
    api.post_events(*events)
    answer = api.read("/v1/growth/cohort-k", weeks=10, days=14)
    counted = {
        date.fromisoformat(cohort["week_start"]): (cohort["users"], cohort["referred_signups"])
        for cohort in answer["cohorts"]
        if cohort["users"]
    }
    # A user who names themselves is a self-referral, which no pair counts either.
    assert counted == count_by_hand(events, 14)


def test_signups_of_who_is_denied_or_judged_fraud_are_left_out(api: Api, context: Context) -> None:
    members = [sign_up(name, OLD) for name in ("sam", "zoe")]
    own = [convert("sam", OLD + timedelta(days=1), "sam")]
    brought = [sign_up(f"{name}-1", OLD + timedelta(days=8), name) for name in ("sam", "zoe")]
    api.post_events(*members, *own, *brought)
    assert week_of(api.read("/v1/growth/cohort-k"), OLD)["referred_signups"] == 2
    evaluate(context)
    (case,) = api.read("/v1/cases", kind="referrer")["cases"]
    assert (case["entity"], case["rules"]) == ("sam", ["self_referral"])
    cohort = week_of(api.read("/v1/growth/cohort-k"), OLD)
    assert (cohort["referred_signups"], cohort["referred_conversions"], cohort["k_cohort"]) == (1, 0, 0.5)
    api.send("POST", f"/v1/cases/{case['id']}/verdict", json=FRAUD)
    assert week_of(api.read("/v1/growth/cohort-k"), OLD)["referred_signups"] == 1
    api.send("PUT", "/v1/lists/deny/referrer/zoe", json={"reason": "Own devices"})
    assert week_of(api.read("/v1/growth/cohort-k"), OLD)["referred_signups"] == 0
    api.send("PUT", "/v1/lists/allow/referrer/sam", json={"reason": "A teacher"})
    assert week_of(api.read("/v1/growth/cohort-k"), OLD)["referred_signups"] == 1


def test_spread_counts_those_who_invited_with_and_without_conversions(api: Api) -> None:
    at = NOW - timedelta(days=1)
    names = [f"r-{number}" for number in range(40)]
    links = [build_link(f"l-{name}", referrer_id=name, inserted_at=at.isoformat()) for name in names]
    api.send("POST", "/v1/links", json={"items": links})
    earned = [convert(f"{names[number // 2]}-{number}", at, names[number // 2]) for number in range(8)]
    strong = [convert(f"strong-{number}", at - timedelta(hours=number), "r-39") for number in range(6)]
    api.post_events(*earned, *strong, convert("uninvited", at, "nobody-invited"))
    answer = api.read("/v1/growth/spread", conversion_anomaly_min_clicks=1000)
    assert (answer["referrers"], answer["mean"]) == (40, 14 / 40)
    assert answer["without_strongest"] == pytest.approx(8 / 39)
    assert answer["without_top"] == [
        {"share": 0.01, "k": pytest.approx(8 / 39), "referrers": 1},
        {"share": 0.05, "k": pytest.approx(6 / 38), "referrers": 2},
    ]
    # The strongest has 6 of 14, each of the four next ones 2.
    assert answer["half_from"] == 2
    assert [(point["referrers"], point["conversions"]) for point in answer["curve"]] == [
        (0, 0),
        (1 / 40, pytest.approx(6 / 14)),
        (5 / 40, 1),
        (1, 1),
    ]
    assert answer["interval"]["low"] < answer["dispersion_k"] < answer["interval"]["high"] < 2


def test_too_few_referrers_say_nothing_about_spread(api: Api) -> None:
    answer = api.read("/v1/growth/spread")
    assert (answer["referrers"], answer["mean"], answer["dispersion_k"], answer["interval"]) == (0, 0, None, None)
    assert (answer["half_from"], answer["curve"]) == (0, [])


def sign_up_cohort(week: datetime, users: int, brought: int) -> list[Event]:
    """So many users, the first of which brought one more each a week later."""
    names = [f"{week:%m%d}-{number}" for number in range(users)]
    later = week + timedelta(days=7)
    return [
        *(sign_up(name, week) for name in names),
        *(sign_up(f"{name}-friend", later, name) for name in names[:brought]),
    ]


def test_the_headline_is_compared_with_as_many_weeks_before(api: Api) -> None:
    weak, strong = OLD - timedelta(weeks=7), OLD - timedelta(weeks=3)
    api.post_events(*sign_up_cohort(weak, 40, 4), *sign_up_cohort(strong, 40, 30))
    end = str((strong + timedelta(weeks=6)).date())
    answer = api.read("/v1/growth/cohort-k", end=end)
    headline = answer["headline"]
    assert (answer["end"], answer["cohorts"][-1]["week_start"]) == (end, end)
    assert (headline["k_cohort"], headline["previous"]["k_cohort"]) == (
        pytest.approx(30 / 70),
        pytest.approx(4 / 44),
    )
    assert (headline["verdict"], headline["first_day"]) == ("up", str(strong.date()))


def test_what_came_after_the_end_is_not_known_yet(api: Api) -> None:
    api.post_events(*sign_up_cohort(OLD, 40, 30))
    end = str((OLD + timedelta(days=6)).date())
    cohort = api.read("/v1/growth/cohort-k", end=end)["cohorts"][-1]
    assert (cohort["users"], cohort["referred_signups"], cohort["matured"]) == (40, 0, False)
    assert week_of(api.read("/v1/growth/cohort-k"), OLD)["referred_signups"] == 30


def test_a_headline_without_weeks_before_it_says_too_little_to_compare(api: Api) -> None:
    api.post_events(*sign_up_cohort(OLD, 40, 30))
    headline = api.read("/v1/growth/cohort-k")["headline"]
    assert (headline["previous"], headline["verdict"], headline["k_conversions"]) == (None, "too_few_to_say", 0)


def test_the_first_week_of_all_has_none_before_it(api: Api) -> None:
    answer = api.read("/v1/growth/cohort-k", end="1000-01-01", weeks=52)
    assert (len(answer["cohorts"]), answer["headline"]) == (52, None)
