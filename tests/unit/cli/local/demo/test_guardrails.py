"""What the guardrails find in the demo, by brute force over its events, is what was put there and nothing else."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from metrics_api.traffic.classifier import Classifier
from tests.support.brute_force import name_network
from tests.unit.cli.local.demo.months import Item, Loaded
from viral_cli.local.demo.fraud import BOT_DAYS_AGO, RINGS, TOO_GOOD_A_RATE, TOO_MANY_A_DAY, Ring, bot_key
from viral_cli.local.demo.networks import ROTATING_DAYS_AGO, ROTATING_NETWORK, SCHOOL, SHARED_NETWORKS
from viral_cli.local.demo.people import CARRIERS, user_id_of
from viral_cli.local.demo.seeded import fingerprint
from viral_contract.models.traffic import TRAFFIC_CLASSES


def flagged_pairs(month: Loaded, days: int = 35) -> set[tuple[str, str]]:
    return {pair for pair, clicks in clicks_of_networks(month, days).items() if len(clicks) > 10}


def clicks_of_networks(month: Loaded, days: int = 35) -> dict[tuple[str, str], list[Item]]:
    """The clicks of each day and network."""
    clicks = defaultdict(list)
    for event in month.of_type("click", days=days):
        clicks[event["occurred_at"][:10], name_network(event["ip_address"])].append(event)
    return clicks


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


def test_a_fifth_of_the_clicks_is_no_persons_and_of_every_class(month: Loaded) -> None:
    every = [event for event in month.events if event["event_type"] == "click"]
    classifier = Classifier()
    classes = Counter(
        classifier.classify(event.get("http_method"), event.get("purpose"), event["user_agent"], None).traffic_class
        for event in every
    )

    assert set(classes) == set(TRAFFIC_CLASSES) - {"unknown"}
    assert 0.15 < 1 - len(month.of_type("click")) / len(every) < 0.3
    assert classes["preview"] > classes["known_bot"] > classes["prefetch"] > classes["library"] > 100


def shared_pairs(month: Loaded) -> set[tuple[str, str]]:
    """Schools and families on their days before today."""
    days = [month.now.date() - timedelta(days=back) for back in range(1, 35)]
    return {(str(day), network.network) for network in SHARED_NETWORKS for day in days if network.is_at_work(day)}


def rotating_pairs(month: Loaded) -> set[tuple[str, str]]:
    return {(str(month.now.date() - timedelta(days=back)), ROTATING_NETWORK) for back in ROTATING_DAYS_AGO}


def test_above_the_threshold_are_rings_the_server_and_shared_networks_on_their_days(month: Loaded) -> None:
    expected = shared_pairs(month) | rotating_pairs(month)
    expected |= {pair for ring in RINGS for pair in ring_pairs(month, ring)}

    today = {(str(month.now.date()), network.network) for network in SHARED_NETWORKS}
    assert flagged_pairs(month) - today == expected


def test_schools_and_families_are_shared_networks_by_the_evidence(month: Loaded) -> None:
    referrer_of, clicks_of = month.referrer_of(), clicks_of_networks(month)
    for pair in shared_pairs(month):
        clicks = clicks_of[pair]
        devices = {event["device_fingerprint"] for event in clicks}
        referrers = Counter(referrer_of[event["link_id"]] for event in clicks)
        assert len(devices) > 2
        assert len(clicks) <= 3 * len(devices)
        assert len(referrers) >= 3
        assert max(referrers.values()) < 0.8 * len(clicks)


def test_the_server_clicks_from_new_addresses_with_new_devices(month: Loaded) -> None:
    clicks_of = clicks_of_networks(month)
    for pair in rotating_pairs(month):
        clicks = clicks_of[pair]
        assert len(clicks) == len({event["device_fingerprint"] for event in clicks}) >= 30
        assert len({event["ip_address"] for event in clicks}) == len(clicks)
        assert len({event["link_id"] for event in clicks}) == 1


def test_the_active_ring_opens_the_alert_within_the_last_seven_dates(month: Loaded) -> None:
    addresses = {address for _, address in flagged_pairs(month, days=7)}

    shared = {network.network for network in SHARED_NETWORKS}
    assert addresses - shared == {*RINGS[0].addresses, ROTATING_NETWORK}
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
        if event["ip_address"] == SCHOOL.address and event["occurred_at"] < str(month.now.date()):
            lessons[event["occurred_at"][:10]].append(event)

    assert len(lessons) >= 9
    for clicks in lessons.values():
        first, last = (datetime.fromisoformat(clicks[which]["occurred_at"]) for which in (0, -1))
        assert len({event["device_fingerprint"] for event in clicks}) == SCHOOL.devices
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
