"""What the guardrails find in the demo, by brute force over its events, is what was put there and nothing else."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from tests.unit.cli.local.demo.months import Loaded
from viral_cli.local.demo.fraud import BOT_DAYS_AGO, RINGS, TOO_GOOD_A_RATE, TOO_MANY_A_DAY, Ring, bot_key
from viral_cli.local.demo.month import PUPILS, SCHOOL_ADDRESS, has_lesson
from viral_cli.local.demo.people import CARRIERS, user_id_of
from viral_cli.local.demo.seeded import fingerprint


def flagged_pairs(month: Loaded, days: int = 35) -> set[tuple[str, str]]:
    clicks = Counter((event["occurred_at"][:10], event["ip_address"]) for event in month.of_type("click", days=days))
    return {pair for pair, count in clicks.items() if count > 10}


def flagged_devices(month: Loaded, days: int = 35) -> set[str]:
    return {
        device
        for device, times in month.clicks_by("device_fingerprint", days=days).items()
        if any(third - first <= timedelta(seconds=5) for first, third in zip(times, times[2:], strict=False))
    }


def credited(month: Loaded, event_type: str, days: int = 35) -> Counter[str]:
    referrer_of = month.referrer_of()
    return Counter(
        referrer_of[event["link_id"]] for event in month.of_type(event_type, days=days) if "link_id" in event
    )


def ring_pairs(month: Loaded, ring: Ring) -> set[tuple[str, str]]:
    days = [month.now.date() - timedelta(days=back) for back in ring.days_ago]
    return {(str(day), address) for day in days for address in ring.addresses_at_work(day)}


def test_flagged_are_the_rings_and_the_school_on_their_days(month: Loaded) -> None:
    lessons = [month.now.date() - timedelta(days=back) for back in range(1, 35)]
    expected = {(str(day), SCHOOL_ADDRESS) for day in lessons if has_lesson(day)}
    expected |= {pair for ring in RINGS for pair in ring_pairs(month, ring)}

    assert flagged_pairs(month) - {(str(month.now.date()), SCHOOL_ADDRESS)} == expected


def test_the_active_ring_opens_the_alert_within_the_last_seven_dates(month: Loaded) -> None:
    addresses = {address for _, address in flagged_pairs(month, days=7)}

    assert addresses == {*RINGS[0].addresses, SCHOOL_ADDRESS}
    assert len(RINGS[0].addresses) > 5


def test_rings_credit_two_referrers_each_and_hardly_convert(month: Loaded) -> None:
    addresses = {address for ring in RINGS for address in ring.addresses}
    of_ring = [event for event in month.events if event["ip_address"] in addresses]
    counts = Counter(event["event_type"] for event in of_ring)
    referrer_of = month.referrer_of()

    assert {referrer_of[event["link_id"]] for event in of_ring} == {
        user_id_of(ring.name, one) for ring in RINGS for one in range(2)
    }
    assert 0 < counts["conversion"] < 0.01 * counts["click"]


def test_flagged_devices_are_the_bots(month: Loaded) -> None:
    days = [month.now.date() - timedelta(days=back) for back in BOT_DAYS_AGO]

    assert flagged_devices(month) == {fingerprint("device", *bot_key(day)) for day in days}
    assert 5 <= len(days) <= 7
    assert len(flagged_devices(month, days=7)) > 3


def test_nobody_else_comes_near_a_burst(month: Loaded) -> None:
    bots = flagged_devices(month)
    ordinary = {device: times for device, times in month.clicks_by("device_fingerprint").items() if device not in bots}

    assert not [
        device
        for device, times in ordinary.items()
        if any(third - first <= timedelta(seconds=10) for first, third in zip(times, times[2:], strict=False))
    ]


def test_pupils_share_one_address_at_an_ordinary_pace(month: Loaded) -> None:
    lessons = defaultdict(list)
    for event in month.of_type("click"):
        if event["ip_address"] == SCHOOL_ADDRESS and event["occurred_at"] < str(month.now.date()):
            lessons[event["occurred_at"][:10]].append(event)

    assert len(lessons) >= 9
    for clicks in lessons.values():
        first, last = (datetime.fromisoformat(clicks[which]["occurred_at"]) for which in (0, -1))
        assert len(clicks) == len({event["device_fingerprint"] for event in clicks}) == PUPILS
        assert last - first > timedelta(minutes=20)


def test_homes_behind_a_carrier_stay_under_the_threshold(month: Loaded) -> None:
    clicks = [event for event in month.of_type("click") if event["ip_address"] in CARRIERS]
    a_day = Counter((event["occurred_at"][:10], event["ip_address"]) for event in clicks)

    assert 5 <= max(a_day.values()) <= 10
    assert len({event["device_fingerprint"] for event in clicks}) > 500


def test_one_referrer_converts_nearly_every_click_in_any_period(month: Loaded) -> None:
    for days in (7, 14, 30):
        clicks, conversions = (credited(month, kind, days) for kind in ("click", "conversion"))
        suspicious = {
            referrer
            for referrer, count in conversions.items()
            if max(clicks[referrer], count) >= 5 and count / max(clicks[referrer], count) > 0.8
        }
        assert suspicious == {user_id_of(TOO_GOOD_A_RATE.name)}


def test_one_referrer_has_more_than_ten_conversions_on_a_day(month: Loaded) -> None:
    referrer_of = month.referrer_of()
    a_day = Counter((event["occurred_at"][:10], referrer_of[event["link_id"]]) for event in month.of_type("conversion"))
    suspicious = [pair for pair, count in a_day.items() if count > 10]

    assert suspicious == [
        (str(month.now.date() - timedelta(days=3)), user_id_of(TOO_MANY_A_DAY.name)),
    ]
