"""Figures by day beside what was expected, and the alerts that open where they are far from it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.alerts.growth import evaluate_growth
from metrics_api.context import Context
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api, change_settings
from tests.support.builders import NOON, build_event

DAY = timedelta(days=1)
WEEKS = 9
USUAL = 40
TODAY = NOON.date()
"""A Wednesday."""
YESTERDAY = TODAY - DAY
WINDOW = {"start": str(TODAY - 6 * DAY), "end": str(TODAY)}


def post_days(api: Api, counts: dict[date, int], event_type: str = "click", **fields: Any) -> None:
    """So many events on each day."""
    events = [
        build_event(event_type, at=datetime.combine(day, NOON.timetz()), **fields)
        for day, count in counts.items()
        for _ in range(count)
    ]
    for batch in range(0, len(events), 1000):
        api.post_events(*events[batch : batch + 1000])


def build_days(usual: int, **changed: int) -> dict[date, int]:
    """The last 9 weeks up to today; those named by days ago are different."""
    counts = {TODAY - days * DAY: usual for days in range(7 * WEEKS)}
    return counts | {TODAY - int(name.removeprefix("ago")) * DAY: count for name, count in changed.items()}


def read_point(api: Api, day: date, **query: Any) -> dict[str, Any]:
    answer = api.read("/v1/growth/series", **WINDOW, **query)
    (point,) = [each for each in answer["points"] if each["date"] == str(day)]
    found: dict[str, Any] = point
    return found


def test_a_day_is_beside_the_median_of_its_weekday(api: Api) -> None:
    post_days(api, build_days(USUAL, ago1=8, ago8=60, ago15=20), source="parent_share")
    yesterday = read_point(api, YESTERDAY)
    spread = (1.5 * USUAL) ** 0.5
    assert {name: yesterday[name] for name in ("value", "expected", "is_over", "is_change", "holiday")} == {
        "value": 8,
        "expected": USUAL,
        "is_over": True,
        "is_change": True,
        "holiday": None,
    }
    limits = (yesterday["low"], yesterday["high"], yesterday["z"])
    assert limits == pytest.approx((USUAL - 4 * spread, USUAL + 4 * spread, (8 - USUAL) / spread))
    (change,) = api.read("/v1/growth/series", **WINDOW)["changes"]
    assert (change["start"], change["peak"], change["value"]) == (str(YESTERDAY), str(YESTERDAY), 8)
    assert change["loops"] == [{"source": "parent_share", "name": "Parent share", "difference": 8 - USUAL}]


def test_today_is_shown_and_not_judged(api: Api) -> None:
    today = datetime.now(UTC).date()
    post_days(api, {today - 7 * week * DAY: USUAL for week in range(1, 9)})
    point = api.read("/v1/growth/series", days=1)["points"][0]
    assert [point[name] for name in ("value", "expected", "z", "is_over", "is_change")] == [
        0,
        USUAL,
        None,
        False,
        False,
    ]


def test_holidays_are_named_and_compared_with_holidays(api: Api) -> None:
    fall = {TODAY - (1 + 7 * week) * DAY for week in (0, 10, 11, 12, 13)}
    post_days(api, build_days(USUAL) | dict.fromkeys(fall, 5))
    assert read_point(api, YESTERDAY)["is_change"]
    for number, day in enumerate(fall):
        entry = {"name": "Winter break", "start": str(day), "end": str(day), "kind": "holiday"}
        api.send("PUT", f"/v1/calendar/{number}", json=entry)
    yesterday = read_point(api, YESTERDAY)
    assert [yesterday[name] for name in ("holiday", "expected", "is_change")] == ["Winter break", 5, False]
    assert read_point(api, TODAY)["holiday"] is None


def test_too_few_weeks_say_nothing(api: Api) -> None:
    post_days(api, {TODAY - days * DAY: USUAL for days in range(1, 28)})
    point = read_point(api, YESTERDAY)
    assert [point[name] for name in ("value", "expected", "low", "high", "z", "is_change")] == [
        USUAL,
        None,
        None,
        None,
        None,
        False,
    ]


def test_a_loop_has_its_own_series(api: Api) -> None:
    post_days(api, build_days(6, ago1=1), source="results_rally")
    post_days(api, build_days(5), source="parent_share")
    assert read_point(api, YESTERDAY)["expected"] == 11
    own = read_point(api, YESTERDAY, source="results_rally")
    assert (own["value"], own["expected"]) == (1, 6)
    assert read_point(api, YESTERDAY, source="unknown")["value"] == 0


@pytest.mark.parametrize("metric", ["signups", "conversions", "invites"])
def test_every_count_has_a_series(api: Api, metric: str) -> None:
    posted = {TODAY - 7 * week * DAY: 2 for week in range(6)}
    if metric == "invites":
        links = [
            {"id": f"l-{day}-{n}", "referrer_id": "ana", "source": "x", "inserted_at": f"{day}T09:00:00Z"}
            for day in posted
            for n in range(2)
        ]
        api.send("POST", "/v1/links", json={"items": links})
    else:
        post_days(api, posted, metric.removesuffix("s"), referrer_id="ana")
    point = read_point(api, TODAY, metric=metric)
    assert (point["value"], point["expected"]) == (2, 2)


def test_shares_are_of_all_clicks(api: Api) -> None:
    days = {TODAY - 7 * week * DAY: 3 for week in range(6)}
    post_days(api, days)
    post_days(api, days, http_method="HEAD")
    assert read_point(api, TODAY, metric="filtered_share")["value"] == 0.5
    share = read_point(api, TODAY, metric="prefetch_share")
    assert (share["value"], share["expected"]) == (0.5, 0.5)
    assert read_point(api, YESTERDAY, metric="prefetch_share")["value"] == 0


def test_violations_have_no_loop(api: Api) -> None:
    assert read_point(api, TODAY, metric="violations")["value"] == 0
    problem = api.refuse(422, "GET", "/v1/growth/series", query_string={"metric": "violations", "source": "x"})
    assert "no source" in str(problem)


def test_a_planted_fall_opens_an_alert_that_ends_by_itself(api: Api, context: Context) -> None:
    post_days(api, build_days(USUAL, ago1=5), source="parent_share")
    assert evaluate_growth(context, now=NOON - DAY).opened == []
    (opened,) = evaluate_growth(context, now=NOON).opened
    assert (opened.type, opened.severity) == ("growth_change", "medium")
    (alert,) = api.read("/v1/alerts")["alerts"]
    assert alert["message"].startswith("Clicks far below expected on 3 Mar 2026: 5, 40 expected (z = −4.5).")
    rows = [
        (row["metric"], row["source"], row["day"], row["value"], row["expected"]) for row in alert["evidence"]["rows"]
    ]
    assert rows == [("clicks", None, "2026-03-03", 5, USUAL), ("clicks", "parent_share", "2026-03-03", 5, USUAL)]
    # The guardrails leave it alone, and so does a second evaluation.
    quiet = change_settings(context, detection=DetectionSettings(data_stale_minutes=0))
    assert evaluate_guardrails(quiet, now=NOON).resolved_alerts == []
    assert (evaluate_growth(context, now=NOON).opened, evaluate_growth(context, now=NOON).resolved) == ([], [])
    assert evaluate_growth(context, now=NOON + 7 * DAY).resolved == []
    last = NOON + 7 * DAY
    post_days(api, {TODAY + days * DAY: USUAL for days in range(1, 8)}, source="parent_share")
    assert evaluate_growth(context, now=last).resolved == [opened.id]


def test_a_rise_of_a_share_is_found_without_a_rise_of_clicks(api: Api, context: Context) -> None:
    post_days(api, build_days(USUAL))
    post_days(api, build_days(25, ago1=95), http_method="HEAD")
    evaluate_growth(context, now=NOON)
    (alert,) = api.read("/v1/alerts")["alerts"]
    assert [row["label"] for row in alert["evidence"]["rows"]] == ["Filtered share", "Share of prefetches"]
    assert alert["evidence"]["rows"][0]["unit"] == "rate"


def sign_up_weeks(api: Api, weeks_ago: range, *, referred: int) -> None:
    """Each week 40 users sign up, each of whom brings `referred` others within days, who sign up in the same week."""
    for weeks in weeks_ago:
        monday = NOON - timedelta(days=NOON.weekday()) - timedelta(weeks=weeks)
        users = [f"u-{weeks}-{number}" for number in range(40)]
        own = [build_event("signup", at=monday, user_id=user) for user in users]
        brought = [
            build_event("signup", at=monday + DAY, user_id=f"{user}-{n}", referrer_id=user)
            for user in users
            for n in range(referred)
        ]
        api.post_events(*own, *brought)


def test_a_fall_of_k_opens_an_alert_of_its_own(api: Api, context: Context) -> None:
    sign_up_weeks(api, range(6, 13), referred=2)
    sign_up_weeks(api, range(5, 6), referred=0)
    opened = {alert.type: alert.id for alert in evaluate_growth(context, now=NOON).opened}
    alert = api.read(f"/v1/alerts/{opened['k_fell']}")
    assert alert["message"] == (
        "Honest K fell to 0.00, from 0.67 of the 7 weeks before: 40 users who signed up on 26 Jan – 1 Feb 2026 brought "
        "0 signups within 28 days, 27 expected."
    )
    assert alert["evidence"]["rows"][0]["z"] < -3.09


def test_nothing_is_found_where_nothing_is_stored(context: Context) -> None:
    changes = evaluate_growth(context, now=NOON)
    assert (changes.opened, changes.resolved) == ([], [])
