"""Growth on a data set small enough to count by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.api_fixtures import Api
from tests.support.builders import build_event
from tests.support.growth_week import MONDAY, WEEK, build_invite, post_week


@pytest.fixture
def grown(api: Api) -> Api:
    post_week(api)
    return api


def test_every_figure_of_k_is_exact(grown: Api) -> None:
    answer = grown.read("/v1/growth/k-factor", **WEEK)
    expected = {
        "k_factor": 1.5,
        "active_users": 2,
        "total_invites": 4,
        "total_clicks": 8,
        "total_conversions": 3,
        "avg_invites_per_user": 2.0,
        "conversions_per_invite": 0.75,
        "conversion_rate": 0.375,
        "viral_links_created": 4,
        "viral_links_clicked": 3,
        "trend": "up",
        "change_pct": 50.0,
        "k_factor_clean": 1.5,
    }
    assert {name: answer[name] for name in expected} == expected


def test_the_period_before_is_the_same_number_of_dates_and_does_not_overlap(grown: Api) -> None:
    previous = grown.read("/v1/growth/k-factor", **WEEK)["previous"]
    assert previous["period"] == {"start": "2026-02-23", "end": "2026-03-01", "days": 7}
    assert (previous["k_factor"], previous["total_invites"], previous["total_conversions"]) == (1.0, 2, 1)


def test_the_reasons_add_up_to_the_change_of_k(grown: Api) -> None:
    why = grown.read("/v1/growth/k-factor", **WEEK)["why"]
    factors = why["invites_per_user_effect"] + why["conversions_per_invite_effect"]
    loops = sum(loop["effect"] for loop in why["loop_effects"])
    assert (why["total"], factors, loops) == (0.5, pytest.approx(0.5), pytest.approx(0.5))
    assert why["verdict"] == "too_few_to_say"


def test_a_loop_is_measured_by_its_own_users(grown: Api) -> None:
    loops = {loop["source"]: loop for loop in grown.read("/v1/growth/loops", **WEEK)["loops"]}
    buddy, rally = loops["buddy_challenge"], loops["results_rally"]
    assert (buddy["invites"], buddy["active_users"], buddy["conversions"], buddy["k_factor"]) == (3, 2, 3, 1.5)
    assert (rally["invites"], rally["active_users"], rally["conversions"], rally["k_factor"]) == (1, 1, 0, 0)


def test_loops_are_paged_without_gaps(grown: Api) -> None:
    grown.send("POST", "/v1/links", json={"items": [build_invite("c1", "cat", MONDAY, source="album")]})
    found, cursor = [], {}
    for _ in range(3):
        page = grown.read("/v1/growth/loops", limit=1, **cursor, **WEEK)
        found += [loop["source"] for loop in page["loops"]]
        assert page["total_loops"] == 3
        cursor = {"cursor": page["next_cursor"]}
    assert (found, page["next_cursor"]) == (["buddy_challenge", "album", "results_rally"], None)


def test_a_referrer_contributes_its_conversions_over_all_active_users(grown: Api) -> None:
    answer = grown.read("/v1/growth/referrers", **WEEK)
    found = [(row["referrer_id"], row["conversions"], row["k_contribution"]) for row in answer["referrers"]]
    assert found == [("ann", 2, 1.0), ("ben", 1, 0.5)]
    assert answer["total_referrers"] == 2


def test_a_referrer_who_lost_a_link_is_no_longer_listed(api: Api) -> None:
    for referrer in ("ann", "ben"):
        api.send("POST", "/v1/links", json={"items": [build_invite("a1", referrer, MONDAY)]})
    answer = api.read("/v1/growth/referrers", **WEEK)
    assert ([row["referrer_id"] for row in answer["referrers"]], answer["total_referrers"]) == (["ben"], 1)
    api.send("DELETE", "/v1/links/a1")
    answer = api.read("/v1/growth/referrers", **WEEK)
    assert (answer["referrers"], answer["total_referrers"]) == ([], 0)


def test_referrers_are_paged_without_gaps(grown: Api) -> None:
    first = grown.read("/v1/growth/referrers", limit=1, **WEEK)
    second = grown.read("/v1/growth/referrers", limit=1, cursor=first["next_cursor"], **WEEK)
    assert [row["referrer_id"] for page in (first, second) for row in page["referrers"]] == ["ann", "ben"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("sort", ["referrer", "conversions", "invites", "clicks", "conversion_rate"])
def test_referrers_are_sorted_page_by_page(grown: Api, sort: str) -> None:
    def walk(order: str) -> list[dict[str, Any]]:
        rows, cursor = [], None
        for _ in range(2):
            page = grown.read("/v1/growth/referrers", **WEEK, limit=1, sort=sort, order=order, cursor=cursor)
            rows += page["referrers"]
            cursor = page["next_cursor"]
        assert cursor is None
        return rows

    field = "referrer_id" if sort == "referrer" else sort
    ascending = [row[field] for row in walk("asc")]
    assert ascending == sorted(ascending) == [row[field] for row in walk("desc")][::-1]


def test_referrers_are_found_by_a_part_of_their_id(grown: Api) -> None:
    answer = grown.read("/v1/growth/referrers", **WEEK, q="AN")
    assert ([row["referrer_id"] for row in answer["referrers"]], answer["total_referrers"]) == (["ann"], 1)
    assert answer["referrers"][0]["k_contribution"] == 1


@pytest.mark.parametrize(
    ("compare", "start"), [("previous", "2026-02-23"), ("year", "2025-03-02"), ("term", "2025-09-10")]
)
def test_a_period_is_compared_with_as_many_dates_of_another(grown: Api, compare: str, start: str) -> None:
    answer = grown.read("/v1/growth/k-factor", **WEEK, compare=compare)
    found = answer["previous"]["period"]
    assert (found["start"], found["days"]) == (start, 7)
    assert answer["compared"]["previous_period"] == found


def test_the_current_term_holds_today(api: Api) -> None:
    term = api.read("/v1/growth/term")
    assert term["start"] <= datetime.now(UTC).date().isoformat() <= term["end"]


def test_the_timeline_has_every_date(grown: Api) -> None:
    points = grown.read("/v1/growth/timeline", **WEEK)["points"]
    assert [point["date"] for point in points] == [f"2026-03-0{day}" for day in range(2, 9)]
    assert [point["invites"] for point in points] == [3, 0, 0, 0, 0, 0, 1]
    assert (points[0]["k_factor"], points[1]["k_factor"]) == (1.5, 0)


def test_without_data_growth_is_zero_and_not_an_error(api: Api) -> None:
    answer = api.read("/v1/growth/k-factor")
    assert (answer["k_factor"], answer["trend"], answer["change_pct"]) == (0, "stable", 0)
    assert answer["k_factor_interval"] is None
    assert api.read("/v1/growth/loops")["loops"] == []
    assert api.read("/v1/growth/cycle-time")["median_hours"] is None


def test_clean_k_leaves_out_what_the_guardrails_flag(api: Api) -> None:
    api.send("POST", "/v1/links", json={"items": [build_invite("a1", "ann", MONDAY)]})
    farm = [build_event(at=MONDAY, ip_address="198.51.100.9", link_id="a1") for _ in range(11)]
    bought = build_event("conversion", at=MONDAY, ip_address="198.51.100.9", link_id="a1")
    another_day = build_event("conversion", at=MONDAY + timedelta(days=1), ip_address="198.51.100.9", link_id="a1")
    robot = [
        build_event(at=MONDAY + timedelta(seconds=second), device_fingerprint="robot", link_id="a1")
        for second in range(3)
    ]
    robots = build_event("conversion", at=MONDAY, device_fingerprint="robot", link_id="a1")
    honest = build_event("conversion", at=MONDAY, ip_address="198.51.100.10", link_id="a1")
    api.post_events(*farm, bought, another_day, *robot, robots, honest)
    answer = api.read("/v1/growth/k-factor", **WEEK)
    assert (answer["k_factor"], answer["k_factor_clean"], answer["removed_conversions"]) == (4, 2, 2)


def test_clean_k_leaves_out_flagged_referrers(api: Api) -> None:
    links = [build_invite("a1", "ann", MONDAY), build_invite("b1", "ben", MONDAY)]
    api.send("POST", "/v1/links", json={"items": links})
    many = [build_event("conversion", at=MONDAY, link_id="a1") for _ in range(11)]
    api.post_events(*many, build_event("conversion", at=MONDAY, link_id="b1"))
    answer = api.read("/v1/growth/k-factor", **WEEK)
    assert (answer["k_factor"], answer["k_factor_clean"]) == (6, 0.5)


def test_the_funnel_counts_only_steps_that_follow_one_another(api: Api) -> None:
    def person(name: str, *steps: str) -> list[dict[str, object]]:
        return [
            build_event(step, at=MONDAY + timedelta(minutes=minute), user_id=name, referrer_id="ann", source="s")
            for minute, step in enumerate(steps)
        ]

    everything = person("u1", "click", "visit", "signup", "conversion", "activation")
    stopped = person("u2", "click", "visit", "signup")
    backwards = person("u3", "visit", "click", "signup")
    never_clicked = person("u4", "visit", "signup")
    api.post_events(*everything, *stopped, *backwards, *never_clicked)
    answer = api.read("/v1/growth/funnel", source="s", **WEEK)
    assert [(step["name"], step["count"]) for step in answer["steps"]] == [
        ("clicked", 3),
        ("visited", 2),
        ("signed_up", 2),
        ("converted", 1),
        ("activated", 1),
    ]
    assert answer["steps"][1]["step_rate"] == pytest.approx(2 / 3)
    assert api.read("/v1/growth/funnel", source="other", **WEEK)["steps"][0]["count"] == 0


def test_the_funnel_of_a_loop_counts_people_without_a_referrer(api: Api) -> None:
    def click(user_id: str, minute: int = 0, **of: str) -> dict[str, object]:
        return build_event(at=MONDAY + timedelta(minutes=minute), user_id=user_id, **of)

    api.post_events(click("u1", source="s"), click("u2", 1, source="s"), click("u3", referrer_id="ann", source="s"))
    # The earliest event with a loop decides, in whatever order they come.
    api.post_events(click("u2", source="t"), click("u1", 1, referrer_id="ann", source="t"), click("u3", 1, source="t"))
    counts = {
        source: api.read("/v1/growth/funnel", source=source, **WEEK)["steps"][0]["count"] for source in ("s", "t")
    }
    assert counts == {"s": 2, "t": 1}


STEPS = ("click", "visit", "signup", "conversion", "activation")


@pytest.mark.parametrize("earlier", [(step,) for step in STEPS[1:]] + [STEPS[1:]])
@pytest.mark.parametrize("is_late", [False, True])
def test_the_funnel_counts_what_somebody_did_again_after_the_click(
    api: Api, earlier: tuple[str, ...], is_late: bool
) -> None:
    def at_days(days: int, *steps: str) -> list[dict[str, object]]:
        return [
            build_event(step, at=MONDAY + timedelta(days=days, minutes=minute), user_id="u1", source="s")
            for minute, step in enumerate(steps)
        ]

    # Somebody who knew the app from another loop, clicked more than once, and did everything more than once.
    before = [{**event, "source": "t"} for event in at_days(-30, *earlier)]
    batches = [before, [*at_days(0, *STEPS), *at_days(1, *STEPS)]]
    for batch in reversed(batches) if is_late else batches:
        api.post_events(*batch)
    assert _count_steps(api) == _count_steps(api, source="s") == [1, 1, 1, 1, 1]
    assert _count_steps(api, source="t") == [0, 0, 0, 0, 0]


def test_what_comes_late_takes_its_place_in_the_funnel(api: Api) -> None:
    times = {"click": 10, "visit": 11, "signup": 9, "conversion": 13, "activation": 12}
    for step, minute in times.items():
        api.post_events(build_event(step, at=MONDAY + timedelta(minutes=minute), session_id="s1"))
    assert _count_steps(api) == [1, 1, 0, 0, 0]
    api.post_events(build_event("signup", at=MONDAY + timedelta(minutes=12), session_id="s1"))
    assert _count_steps(api) == [1, 1, 1, 1, 0]
    # An earlier click is the first one, and what came between the two now follows it.
    api.post_events(build_event("click", at=MONDAY + timedelta(minutes=8), session_id="s1"))
    assert _count_steps(api) == [1, 1, 1, 1, 0]
    api.post_events(build_event("visit", at=MONDAY + timedelta(minutes=8), session_id="s1"))
    api.post_events(build_event("conversion", at=MONDAY + timedelta(minutes=12), session_id="s1"))
    assert _count_steps(api) == [1, 1, 1, 1, 1]
    api.post_events(build_event("click", at=MONDAY - timedelta(days=1), session_id="s1"))
    assert _count_steps(api) == [0, 0, 0, 0, 0]


def _count_steps(api: Api, **of: str) -> list[int]:
    return [step["count"] for step in api.read("/v1/growth/funnel", **WEEK, **of)["steps"]]


def test_cohorts_count_who_came_back_in_the_weeks_after(api: Api) -> None:
    this_monday = _this_monday()
    two_weeks_ago = this_monday - timedelta(days=14)
    api.post_events(
        build_event("signup", at=two_weeks_ago, user_id="u1"),
        build_event("signup", at=two_weeks_ago, user_id="u2"),
        build_event("visit", at=two_weeks_ago + timedelta(days=8), user_id="u1"),
        build_event("signup", at=two_weeks_ago, session_id="not a user"),
    )
    cohort = api.read("/v1/growth/cohorts", weeks=3)["cohorts"][0]
    assert (cohort["users"], cohort["retention"]) == (2, [1.0, 0.5, None])


def _this_monday() -> datetime:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday())


def test_cycle_time_runs_from_one_signup_to_the_next(api: Api) -> None:
    api.post_events(
        build_event("signup", at=MONDAY, user_id="ann"),
        build_event("signup", at=MONDAY + timedelta(hours=10), user_id="u1", referrer_id="ann"),
        build_event("signup", at=MONDAY + timedelta(hours=30), user_id="u2", referrer_id="ann"),
        build_event("signup", at=MONDAY - timedelta(days=30), user_id="u3", referrer_id="ann"),
    )
    answer = api.read("/v1/growth/cycle-time", **WEEK)
    found = (answer["median_hours"], answer["p75_hours"], answer["pairs"], answer["open"])
    assert found == (20, 25, 2, 2)


def test_cycle_time_leaves_out_who_was_there_before_they_were_referred(api: Api) -> None:
    api.post_events(
        build_event("signup", at=MONDAY, user_id="ann"),
        build_event("signup", at=MONDAY + timedelta(hours=10), user_id="u1"),
        build_event("click", at=MONDAY + timedelta(hours=30), user_id="u1", referrer_id="ann"),
        build_event("signup", at=MONDAY + timedelta(hours=31), user_id="u1", referrer_id="ann"),
    )
    answer = api.read("/v1/growth/cycle-time", **WEEK)
    assert (answer["median_hours"], answer["pairs"], answer["open"]) == (None, 0, 2)
