"""Traffic classes: what no person made is stored and shown with its reason, and counts nowhere."""

import csv
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks, build_event
from tests.support.traffic import count_class
from tests.support.trusted_networks import PERIOD

BROWSER = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
WHATSAPP, GOOGLE, CURL = "WhatsApp/2.24.20.89 A", "Mozilla/5.0 (compatible; Googlebot/2.1)", "curl/8.5.0"


def click(user_agent: str | None = BROWSER, **fields: Any) -> dict[str, Any]:
    return build_event("click", user_agent=user_agent, **fields)


def read(api: Api, **query: Any) -> dict[str, Any]:
    return api.read("/v1/guardrails/traffic", **PERIOD, **query)


def test_every_click_is_stored_with_its_class_and_reason(api: Api, connection: Connection) -> None:
    sent = [click(), click(None), click(WHATSAPP), click(GOOGLE), click(CURL), click(http_method="HEAD")]
    assert api.post_events(*sent, click(purpose="prefetch;prerender"))["accepted"] == 7
    stored = connection.execute(text("SELECT traffic_class, traffic_reason FROM attribution_events ORDER BY 1, 2"))
    assert [tuple(row) for row in stored] == [
        ("human", None),
        ("known_bot", "Googlebot/ (search-engine)"),
        ("library", "curl (http-library)"),
        ("prefetch", "method: HEAD"),
        ("prefetch", "purpose: prefetch"),
        ("preview", "WhatsApp (social-preview)"),
        ("unknown", None),
    ]


def test_the_answer_shows_every_class_and_the_reasons(api: Api) -> None:
    visit = build_event("visit", user_agent=WHATSAPP)
    api.post_events(*(click() for _ in range(6)), click(None), click(WHATSAPP), click(WHATSAPP), visit, click(CURL))
    answer = read(api)
    assert [(each["traffic_class"], each["clicks"], each["visits"], each["share"]) for each in answer["classes"]] == [
        ("prefetch", 0, 0, 0),
        ("preview", 2, 1, 0.2),
        ("known_bot", 0, 0, 0),
        ("library", 1, 0, 0.1),
        ("human", 6, 0, 0.6),
        ("unknown", 1, 0, 0.1),
    ]
    assert answer["filtered_share"] == 0.3
    assert answer["reasons"] == [
        {
            "reason": "WhatsApp (social-preview)",
            "traffic_class": "preview",
            "events": 3,
            "clicks": 2,
            "sample": WHATSAPP,
        },
        {"reason": "curl (http-library)", "traffic_class": "library", "events": 1, "clicks": 1, "sample": CURL},
    ]
    assert answer["groups"] == []
    assert answer["datacentre_networks"] is None


def test_the_answer_by_day_and_by_loop(api: Api) -> None:
    api.post_events(click(source="prep_pack"), click(WHATSAPP, source="prep_pack"), click(source="buddy_challenge"))
    by_loop = read(api, group_by="source")["groups"]
    assert [(each["group"], each["clicks"], each["filtered"], each["filtered_share"]) for each in by_loop] == [
        ("prep_pack", 2, 1, 0.5),
        ("buddy_challenge", 1, 0, 0),
    ]
    (day,) = read(api, group_by="day")["groups"]
    assert (day["group"], day["by_class"]) == (str(NOON.date()), {"human": 2, "preview": 1})
    assert read(api, source="buddy_challenge")["filtered_share"] == 0


def test_however_many_loops_come_on_pages_with_the_most_filtered_clicks_first(api: Api, connection: Connection) -> None:
    """Whoever sends an event without a link chooses its loop."""
    add_loops = text("""
        INSERT INTO traffic_per_day (day, source, traffic_class, traffic_reason, clicks, sample)
        SELECT :day, 'loop-' || number, traffic_class, '', 1 + number % 7, gen_random_uuid()
        FROM generate_series(1, 5000) AS number, unnest(ARRAY['human', 'library']) AS traffic_class
    """)
    connection.execute(add_loops, {"day": NOON.date()})
    answer = read(api, group_by="source")
    assert (len(answer["groups"]), answer["total_groups"]) == (50, 5000)
    expected = sorted((-1 - number % 7, f"loop-{number}") for number in range(1, 5001))
    shown: list[tuple[int, str]] = []
    cursor: dict[str, str] = {}
    while len(shown) < len(expected):
        answer = read(api, group_by="source", limit=1000, **cursor)
        assert answer["total_groups"] == 5000
        shown += [(-each["filtered"], each["group"]) for each in answer["groups"]]
        cursor = {"cursor": answer["next_cursor"]}
    assert cursor == {"cursor": None}
    assert shown == expected


def test_dates_come_in_order_on_pages_of_their_own(api: Api) -> None:
    api.post_events(*(click(at=NOON - timedelta(days=days)) for days in range(3)))
    dates = [NOON.date() - timedelta(days=days) for days in (2, 1, 0)]
    query: dict[str, Any] = {"start": dates[0], "end": dates[-1], "limit": 2}
    first = api.read("/v1/guardrails/traffic", **query, group_by="day")
    query["cursor"] = first["next_cursor"]
    second = api.read("/v1/guardrails/traffic", **query, group_by="day")
    assert [each["group"] for each in first["groups"] + second["groups"]] == [str(date) for date in dates]
    assert (second["next_cursor"], second["total_groups"]) == (None, 3)
    assert api.get("/v1/guardrails/traffic", **query, group_by="source").status_code == 422


def test_programs_neither_flag_nor_count(api: Api) -> None:
    network = {"ip_address": "203.0.113.7", "device_fingerprint": "d-1", "referrer_id": "maria", "source": "prep_pack"}
    api.post_events(*build_clicks(30, apart=0.5, user_agent=GOOGLE, **network))
    assert api.read("/v1/guardrails/fraud", **PERIOD)["total_flagged_ips"] == 0
    assert api.read("/v1/guardrails/bots", **PERIOD)["total_flagged_devices"] == 0
    assert api.read("/v1/growth/k-factor", **PERIOD)["total_clicks"] == 0


def test_previews_cannot_hide_conversions_without_clicks(api: Api) -> None:
    conversions = [build_event("conversion", referrer_id="maria") for _ in range(5)]
    api.post_events(*conversions, *(click(WHATSAPP, referrer_id="maria") for _ in range(50)))
    (row,) = api.read("/v1/guardrails/conversion-anomalies", **PERIOD)["high_conversion_rate_referrers"]
    assert (row["total_clicks"], row["conversion_rate"]) == (0, 1.0)


def test_a_link_that_only_previews_opened_is_unopened(api: Api) -> None:
    link = {"referrer_id": "maria", "source": "prep_pack", "inserted_at": NOON.isoformat()}
    assert api.send("PUT", "/v1/links/l-1", json=link).status_code == 201
    api.post_events(click(WHATSAPP, link_id="l-1"))
    assert api.read("/v1/guardrails/opt-outs", **PERIOD)["attribution_links"]["zero_clicks"] == 1
    assert api.read("/v1/growth/k-factor", **PERIOD)["viral_links_clicked"] == 0
    api.post_events(click(link_id="l-1"))
    assert api.read("/v1/guardrails/opt-outs", **PERIOD)["attribution_links"]["zero_clicks"] == 0


def test_a_class_with_equal_fingerprints_is_no_burst_and_one_pupil_is(api: Api) -> None:
    pupils = [
        event | {"user_id": f"pupil-{number}", "user_agent": BROWSER}
        for number, event in enumerate(build_clicks(30, apart=0.1, device_fingerprint="chromebook"))
    ]
    api.post_events(*pupils)
    assert api.read("/v1/guardrails/bots", **PERIOD)["total_flagged_devices"] == 0
    api.post_events(*build_clicks(3, apart=1, device_fingerprint="chromebook", user_id="pupil-3"))
    assert api.read("/v1/guardrails/bots", **PERIOD)["total_flagged_devices"] == 1


def test_an_address_that_only_bots_used_shows_them_with_their_class(api: Api) -> None:
    api.post_events(*build_clicks(12, ip_address="203.0.113.7", user_agent=GOOGLE))
    shown = api.read("/v1/investigations/ips/203.0.113.7", **PERIOD)
    assert (shown["flagged"], shown["filtered_events"], shown["totals"]["click"]) == (False, 12, 0)
    assert {(event["traffic_class"], event["traffic_reason"]) for event in shown["events"]} == {
        ("known_bot", "Googlebot/ (search-engine)")
    }


def test_requests_of_programs_do_not_hide_what_people_did(api: Api, connection: Connection) -> None:
    shared = {"ip_address": "203.0.113.7", "device_fingerprint": "d-1", "referrer_id": "maria", "user_agent": BROWSER}
    api.post_events(*build_clicks(3, apart=1, link_id="l-1", **shared))
    heads = text("""
        INSERT INTO attribution_events (event_id, event_type, occurred_at, ip_address, device_fingerprint, referrer_id,
            link_id, http_method, traffic_class)
        SELECT gen_random_uuid(), 'click', TIMESTAMPTZ '2026-03-04 13:00Z' + make_interval(secs => number),
            '203.0.113.7', 'd-1', 'maria', 'l-2', 'HEAD', 'prefetch'
        FROM generate_series(1, 10500) AS number
    """)
    connection.execute(heads)
    for path in ("ips/203.0.113.7", "devices/d-1", "referrers/maria"):
        found = api.read(f"/v1/investigations/{path}", **PERIOD)
        assert (found["totals"]["click"], found["filtered_events"], found["looked_at_events"]) == (3, 10_000, 10_003)
        assert (found["truncated"], found["looked_at_from"]) == (True, "2026-03-04T00:00:00Z")
        links = [(link["shown"], link["clicks"]) for link in found["related"]["links"]["entities"]]
        assert links == [("l-1", 3)]
        assert sum(bucket["counts"].get("click", 0) for bucket in found["timeline"]["buckets"]) == 3


def test_the_burst_of_one_pupil_is_found_among_those_of_a_class(api: Api) -> None:
    own = build_clicks(3, apart=1.5, device_fingerprint="chromebook", user_id="pupil-3")
    others = build_clicks(9, apart=0.25, device_fingerprint="chromebook")
    api.post_events(*own, *(event | {"user_id": f"other-{number}"} for number, event in enumerate(others)))
    bursts = api.read("/v1/investigations/devices/chromebook", **PERIOD)["bursts"]
    assert [(burst["clicks"], burst["seconds"]) for burst in bursts] == [(2, 1.5), (3, 3.0)]
    assert bursts[1]["first_click_at"] == NOON.isoformat().replace("+00:00", "Z")


def test_a_public_log_has_the_classes_counted_by_other_means_and_flags_people_only(api: Api) -> None:
    """Every class by the two lists alone, and the addresses over the threshold by counting."""
    with (Path(__file__).parents[2] / "data" / "web_access_events.csv").open() as file:
        requests = list(csv.DictReader(file))
    people: Counter[tuple[str, str]] = Counter()
    classes: Counter[str] = Counter()
    for row in requests:
        traffic_class = count_class(row["request"].split()[0], row["user_agent"])
        classes[traffic_class] += 1
        people[row["clicked_at"][:10], row["ip_address"]] += traffic_class in ("human", "unknown")
    log = {"start": "2015-05-17", "end": "2015-05-20"}
    sent = [
        build_event(
            at=datetime.fromisoformat(row["clicked_at"]),
            ip_address=row["ip_address"],
            user_agent=row["user_agent"],
            http_method=row["request"].split()[0],
        )
        for row in requests
    ]
    assert api.post_events(*sent)["accepted"] == len(requests)
    shown = api.read("/v1/guardrails/traffic", **log)["classes"]
    assert {each["traffic_class"]: each["clicks"] for each in shown if each["clicks"]} == classes
    fraud = api.read("/v1/guardrails/fraud", **log, fraud_rule="plain", limit=1000)
    flagged = {(row["date"], row["ip_address"]): row["click_count"] for row in fraud["suspicious_ips"]}
    assert flagged == {pair: clicks for pair, clicks in people.items() if clicks > 10}


def test_the_loops_with_the_most_filtered_clicks_come_by_date(api: Api) -> None:
    yesterday = NOON - timedelta(days=1)
    shares = [click(WHATSAPP, source="parent_share", at=at) for at in (NOON, NOON, yesterday)]
    api.post_events(*shares, click(source="parent_share"), click(CURL), click(source="calm"))
    period: dict[str, Any] = {"start": yesterday.date(), "end": NOON.date()}
    answer = api.read("/v1/guardrails/traffic", **period, group_by="day", loops=2)
    assert answer["loops"] == [
        {
            "source": "parent_share",
            "clicks": 4,
            "filtered": 3,
            "filtered_share": 0.75,
            "filtered_by_day": {str(NOON.date()): 2, str(yesterday.date()): 1},
        },
        {
            "source": "",
            "clicks": 1,
            "filtered": 1,
            "filtered_share": 1,
            "filtered_by_day": {str(NOON.date()): 1},
        },
    ]
    assert (answer["total_loops"], len(answer["groups"])) == (3, 2)
    assert (read(api)["loops"], read(api)["total_loops"]) == ([], 0)
