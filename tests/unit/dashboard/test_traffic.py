"""What the page and the card of filtered traffic say."""

from datetime import date
from typing import Any

import pytest

from dashboard.guardrails import filtered_traffic
from dashboard.traffic import by_day, by_loop, classes, reasons, settings_cards, totals
from dashboard.traffic.page import CARDS
from dashboard.traffic.snapshot import TrafficSnapshot
from tests.support.answers import NOW, build_traffic
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.snapshots import build_snapshot
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.traffic import (
    DatacentreNetworks,
    TrafficAnswer,
    TrafficClass,
    TrafficGroup,
    TrafficLoop,
    TrafficReason,
)

CLICKS: dict[TrafficClass, int] = {
    "human": 4_623,
    "unknown": 181,
    "preview": 684,
    "known_bot": 371,
    "prefetch": 212,
    "library": 141,
}


def build_day(day: str, filtered: int, people: int = 0) -> TrafficGroup:
    total = filtered + people
    return TrafficGroup(
        group=day,
        clicks=total,
        filtered=filtered,
        filtered_share=filtered / total if total else 0,
        by_class={"preview": filtered, "human": people},
    )


def build_loop(source: str, people: int = 0, **filtered: int) -> TrafficLoop:
    """A loop with so many filtered clicks on each day of March: `d27=50`."""
    total = sum(filtered.values())
    return TrafficLoop(
        source=source,
        clicks=total + people,
        filtered=total,
        filtered_share=total / (total + people) if total + people else 0,
        filtered_by_day={date(2026, 3, int(day[1:])): count for day, count in filtered.items()},
    )


def build_traffic_snapshot(answer: TrafficAnswer, *loops: TrafficLoop) -> TrafficSnapshot:
    update = {"loops": list(loops), "total_loops": len(loops)}
    return TrafficSnapshot(answer.model_copy(update=update), "?days=7")


def build_reason(reason: str, **fields: Any) -> TrafficReason:
    given = {"traffic_class": "preview", "events": 5, "clicks": 5, "sample": "WhatsApp/2.24"}
    return TrafficReason.model_validate({"reason": reason, **given, **fields})


def test_the_totals_say_what_counts_and_what_does_not() -> None:
    body = totals.build_body(build_traffic_snapshot(build_traffic(CLICKS)))
    figures = [" ".join(text_of(each).split()) for each in find(body, "strip")[0].children]
    assert figures == [
        "All click events 6,212 stored",
        "Clicks of people 4,804 4,623 with, 181 without a user agent",
        "Filtered 1,408 count nowhere",
        "Filtered share 22.7% of all click events",
    ]
    assert find(body, "strip-note") == []


def test_events_without_a_class_yet_are_named() -> None:
    body = totals.build_body(build_traffic_snapshot(build_traffic(CLICKS, is_classified=False)))
    assert "no class yet: they count as people" in text_of(find(body, "strip-note"))


def test_every_date_has_a_column_and_a_row_also_without_a_click() -> None:
    answer = build_traffic(CLICKS, groups=[build_day("2026-03-27", 50, 7), build_day("2026-03-30", 25)])
    snapshot = build_traffic_snapshot(answer)
    body = find(by_day.build_body(snapshot), "by-class")
    assert by_day.count_days(by_day.list_classes(snapshot), snapshot.period) == [0, 0, 50, 0, 0, 25, 0]
    assert [part.style for part in find(body, "traffic-preview") if getattr(part, "style", None)] == [
        {"height": "100.00%"},
        {"height": "50.00%"},
    ]
    [chart] = find(body, "stacks")
    assert chart.role == "img"
    assert getattr(chart, "aria-label") == "75 filtered clicks in 25\u201331 Mar 2026; most on 27 Mar: 50"
    rows = rows_of(find(body, "visually-hidden"))
    assert rows[0] == ["Date", "Link previews", "Known bots", "Prefetch", "HTTP libraries", "Filtered"]
    assert rows[3] == ["27 Mar", "50", "0", "0", "0", "50"]
    assert len(rows) == 1 + 7


def test_a_long_period_has_few_labels() -> None:
    long = {"start": date(2026, 3, 2), "end": date(2026, 3, 31), "days": 30}
    body = by_day.build_body(
        build_traffic_snapshot(build_traffic(CLICKS, period=long, groups=[build_day("2026-03-27", 1)]))
    )
    by_class = find(body, "by-class")
    assert len(find(by_class, "stack-column")) == 30
    assert [each.children for each in find(by_class, "stack-day")] == [
        "2 Mar",
        "7 Mar",
        "12 Mar",
        "17 Mar",
        "22 Mar",
        "27 Mar",
    ]


def test_days_are_stacked_by_loop_as_well() -> None:
    loops = [build_loop(f"loop_{number}", d27=10 - number) for number in range(6)]
    days = [build_day("2026-03-27", sum(loop.filtered for loop in loops)), build_day("2026-03-28", 3)]
    body = find(by_day.build_body(build_traffic_snapshot(build_traffic(CLICKS, groups=days), *loops)), "by-loop")
    rows = rows_of(body)
    assert rows[0] == ["Date", "Loop 0", "Loop 1", "Loop 2", "Loop 3", "Other loops", "Filtered"]
    assert rows[3:5] == [["27 Mar", "10", "9", "8", "7", "11", "45"], ["28 Mar", "0", "0", "0", "0", "3", "3"]]
    [chart] = find(body, "stacks")
    assert getattr(chart, "aria-label") == "48 filtered clicks in 25\u201331 Mar 2026; most on 27 Mar: 45"


def test_few_loops_leave_no_others() -> None:
    days = [build_day("2026-03-27", 5)]
    snapshot = build_traffic_snapshot(build_traffic(CLICKS, groups=days), build_loop("parent_share", d27=5))
    assert [series.name for series in by_day.list_loops(snapshot)] == ["Parent share"]


def test_loops_come_with_the_most_filtered_clicks_first() -> None:
    loops = [build_loop("parent_share", 59, d27=41), build_loop("", 4, d27=4), build_loop("calm", 9)]
    body = by_loop.build_body(build_traffic_snapshot(build_traffic(CLICKS), *loops))
    assert rows_of(body)[1:] == [["Parent share", "41", "41.0%"], ["No loop", "4", "50.0%"]]
    assert text_of(body[-1]) == "1 more with fewer or none"


@pytest.mark.parametrize("module", [by_day, by_loop, reasons])
def test_nothing_filtered_is_said(module: Any) -> None:
    body = module.build_body(build_traffic_snapshot(build_traffic({"human": 5})))
    assert text_of(body) == "Nothing was filtered in this period"


def test_people_are_one_class_with_and_without_a_user_agent() -> None:
    rows = rows_of(classes.build_body(build_traffic_snapshot(build_traffic(CLICKS))))
    assert rows[1][0] == "People"
    assert rows[1][2:] == ["4,804", "480", "77.3%"]
    assert [row[0] for row in rows[2:]] == ["Link previews", "Known bots", "Prefetch", "HTTP libraries"]


def test_the_classifier_says_its_version_and_when_it_went_through_again() -> None:
    answer = build_traffic(CLICKS, classified_at=NOW)
    assert classes.format_classifier(answer) == (
        "Fixed when the event is stored · classifier 2026.11, reclassified 31 Mar 10:28 UTC"
    )


@pytest.mark.parametrize(
    ("reason", "name", "about"),
    [
        ("Googlebot\\/ (search-engine)", "Googlebot", "search-engine"),
        ("^curl (http-library)", "curl", "http-library"),
        ("method: HEAD", "HEAD", "method of the request"),
        ("purpose: prefetch;prerender", "prefetch;prerender", "header of the request"),
        ("app: LearnLoop/", "LearnLoop/", "your app"),
        ("datacentre", "Datacenter network", "counts as a person"),
        ("spoofed_bot", "Claims to be a crawler", "from a network it does not publish"),
        ("curl", "curl", ""),
        ("odd: thing", "odd: thing", ""),
    ],
)
def test_reasons_are_named_for_people(reason: str, name: str, about: str) -> None:
    assert reasons.format_reason(reason) == (name, about)


def test_the_most_frequent_reasons_come_with_a_sample_and_the_way_to_their_events() -> None:
    found = [build_reason(f"WhatsApp {number} (social-preview)", events=100 - number) for number in range(12)]
    body = reasons.build_body(build_traffic_snapshot(build_traffic(CLICKS, reasons=found)))
    rows = rows_of(body)
    assert rows[1][:4] == ["WhatsApp 0 social-preview", "Link previews", "100", "WhatsApp/2.24"]
    assert (len(rows), rows[1][4]) == (1 + 10, "View events of WhatsApp 0")
    assert "showing 10 of 12 reasons" in text_of(body)
    links = [getattr(each, "href", "") for each in walk(body)]
    events = "/dashboard/traffic/events?days=7&reason=WhatsApp+0+%28social-preview%29&traffic_class=preview"
    assert {events, "/dashboard/traffic/reasons?days=7"} <= set(links)
    gone = build_traffic_snapshot(build_traffic(CLICKS, reasons=[build_reason("curl (http-library)", sample=None)]))
    assert rows_of(reasons.build_body(gone))[1][3] == "no longer kept"


def test_the_apps_of_the_buyer_are_listed_with_their_clicks() -> None:
    found = [build_reason("app: LearnLoop/", traffic_class="human", clicks=1_926)]
    said = text_of(
        settings_cards.build_apps(
            build_traffic_snapshot(build_traffic(CLICKS, app_user_agents=["LearnLoop/"], reasons=found))
        )
    )
    assert "LearnLoop/" in said
    assert "1,926 clicks in this period" in said
    assert "None set" in text_of(settings_cards.build_apps(build_traffic_snapshot(build_traffic(CLICKS))))


def test_clicks_of_people_from_datacenters_are_counted_beside_the_file() -> None:
    networks = DatacentreNetworks(dated=date(2026, 3, 24), networks=4_120, clicks_of_people=318)
    said = text_of(
        settings_cards.build_datacenters(build_traffic_snapshot(build_traffic(CLICKS, datacentre_networks=networks)))
    )
    assert "318" in said
    assert "6.6%" in said
    assert "File of 24 Mar 2026, 4,120 networks" in said
    assert "DATACENTRE_NETWORKS_FILE" in text_of(
        settings_cards.build_datacenters(build_traffic_snapshot(build_traffic(CLICKS)))
    )


def draw_card(answer: TrafficAnswer) -> list[Any]:
    return filtered_traffic.CARD.build_body(build_snapshot("?days=14", traffic=answer))


def test_the_card_of_the_guardrails_page_shows_the_classes_and_leads_to_the_page() -> None:
    body = draw_card(build_traffic(CLICKS))
    said = " ".join(text_of(body).split())
    assert "1,408" in said
    assert "22.7%" in said
    assert "People 4,804 77.3% Link previews 684 11.0%" in said
    assert [part.style["width"] for part in find(body, "traffic-bar")[0].children][:2] == ["77.33%", "11.01%"]
    assert "/dashboard/traffic?days=14" in [getattr(each, "href", "") for each in walk(body)]
    assert text_of(draw_card(build_traffic())) == "No data in this period"


def test_the_page_asks_once_for_days_and_loops_of_the_period_in_its_address(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", "/v1/guardrails/traffic"] = build_traffic(CLICKS)
    browser.resume("viewer1")
    drawn = call(browser, "traffic-summary.children", {"url.search": "?days=14", "traffic-shown.data": None})
    asked = [dict(request.url.params) for request in api.asked if request.url.path == "/v1/guardrails/traffic"]
    assert asked == [{"days": "14", "group_by": "day", "limit": "366", "loops": "10"}]
    assert "4,804" in str(drawn["traffic-totals-body"])
    assert {f"{card.slug}-body" for card in CARDS} <= drawn.keys()
