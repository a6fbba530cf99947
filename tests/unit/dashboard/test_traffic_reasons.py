"""All reasons for traffic classes, searched and exported, and the events of one."""

import csv
import io
from datetime import date
from typing import Any

import pytest

from dashboard.lists.table_page import Listing, build_query
from dashboard.period import read_search
from dashboard.traffic import reasons_page
from tests.support.answers import NOW, PERIOD, build_traffic
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from viral_contract.models.investigations import InvestigatedEvent, TrafficEventsAnswer
from viral_contract.models.traffic import TrafficReason

REASON = "reason=WhatsApp+%28social-preview%29&traffic_class=preview"
MANY = {"limit": "1000"}
TRAFFIC, EVENTS = "/v1/guardrails/traffic", "/v1/guardrails/traffic/events"
WHATSAPP = "WhatsApp (social-preview)"


def build_reason(reason: str = WHATSAPP, **fields: Any) -> TrafficReason:
    given = {"traffic_class": "preview", "events": 5, "clicks": 4, "sample": "WhatsApp/2.24"}
    return TrafficReason.model_validate({"reason": reason, **given, **fields})


CURL = build_reason("curl (http-library)", traffic_class="library", events=1_200, sample="=cmd|curl/8.5.0")
GONE = build_reason("method: HEAD", traffic_class="prefetch", events=2, sample=None)
REASONS = [CURL, build_reason(), GONE]


def list_names(search: str, *reasons: TrafficReason) -> list[str]:
    """The names of the reasons that the list shows for an address, in its order."""
    listing = fetch_reasons(search, *reasons)
    return [row.label for row in listing.rows]


def fetch_reasons(search: str, *reasons: TrafficReason) -> Listing:
    api = FakeApi()
    api.answers["GET", TRAFFIC] = build_traffic(reasons=list(reasons))
    listed = reasons_page.LISTED
    return listed.fetch(api.connect(), build_query(listed, read_search(search)), "?days=7")


def test_reasons_are_found_by_name_tag_or_sample_and_by_class() -> None:
    assert list_names("", *REASONS) == ["curl", "WhatsApp", "HEAD"]
    for search in ("?q=whatsAPP", "?q=Social-Preview", "?q=2.24", "?class=preview", "?q=w&class=preview"):
        assert list_names(search, *REASONS) == ["WhatsApp"], search
    assert list_names("?q=2.24&class=library", *REASONS) == []
    assert list_names("?class=never-heard", *REASONS) == ["curl", "WhatsApp", "HEAD"]


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("?sort=reason", ["curl", "HEAD", "WhatsApp"]),
        ("?sort=reason&order=desc", ["WhatsApp", "HEAD", "curl"]),
        ("?sort=class", ["curl", "WhatsApp", "HEAD"]),
        ("?sort=events&order=asc", ["HEAD", "WhatsApp", "curl"]),
        ("?sort=never-heard", ["curl", "WhatsApp", "HEAD"]),
    ],
)
def test_reasons_are_sorted_by_what_their_head_says(search: str, names: list[str]) -> None:
    assert list_names(search, *REASONS) == names


def test_many_reasons_come_on_pages() -> None:
    many = [build_reason(f"bot {number} (search-engine)", events=100 - number) for number in range(60)]
    first, last = fetch_reasons("?days=7", *many), fetch_reasons("?cursor=50&limit=50", *many)
    assert (len(first.rows), first.total, first.next_cursor) == (25, 60, "25")
    assert ([row.label for row in last.rows], last.next_cursor) == ([f"bot {number}" for number in range(50, 60)], None)
    assert fetch_reasons("?cursor=9999", *many).rows == []
    assert fetch_reasons("?cursor=-1", *many).rows[0].label == "bot 0"


def test_the_list_asks_for_its_period_alone_and_leads_to_the_events(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", TRAFFIC] = build_traffic(reasons=REASONS)
    browser.resume("viewer1")
    drawn = str(call(browser, "traffic-all-reasons-rows.children", {"url.search": "?days=14&q=whats&class=preview"}))
    assert dict(api.asked[-1].url.params) == {"days": "14"}
    assert "/dashboard/traffic/events?days=14&reason=WhatsApp+%28social-preview%29&traffic_class=preview" in drawn
    assert "curl" not in drawn
    drawn = str(call(browser, "traffic-all-reasons-rows.children", {"url.search": "?days=14&q=zz&class=preview"}))
    assert "No reason matches" in drawn
    assert "“zz”, class Link previews" in drawn


def test_the_file_holds_all_rows_that_are_filtered_and_runs_nothing(browser: Browser, api: FakeApi) -> None:
    many = [build_reason(f"bot {number} (search-engine)") for number in range(60)]
    api.answers["GET", TRAFFIC] = build_traffic(reasons=[CURL, *many])
    browser.resume("viewer1")
    answer = browser.get("/dashboard/traffic/reasons.csv?days=14&limit=25")
    name = f"reasons_{PERIOD.start}_{PERIOD.end}.csv"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
    head, curl, *rest = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert head == ["reason", "traffic_class", "events", "clicks", "sample"]
    assert curl == ["curl (http-library)", "library", "1200", "4", "'=cmd|curl/8.5.0"]
    assert len(rest) == 60
    assert len(browser.get("/dashboard/traffic/reasons.csv?q=curl").text.splitlines()) == 1 + 1


def test_nobody_gets_the_file_who_is_not_signed_in(browser: Browser) -> None:
    assert browser.get("/dashboard/traffic/reasons.csv?days=7").status_code == 302


def build_events(*events: InvestigatedEvent, **fields: Any) -> TrafficEventsAnswer:
    given = {"reason": WHATSAPP, "traffic_class": "preview", "total_events": 402, "next_cursor": None}
    return TrafficEventsAnswer.model_validate(
        {"period": PERIOD, "computed_at": NOW, "events": events, **given, **fields}
    )


def build_masked_event() -> InvestigatedEvent:
    names = ("device_ref", "link_id", "user_id", "referrer_id", "conversion_value", "device_fingerprint")
    shown = {"ip_address": "203.0.113.*", "ip_ref": "ref_1", "ip_alias": "k2", "user_agent": "WhatsApp/2.24"}
    event = {"occurred_at": NOW, "event_type": "click", "source": "parent_share"}
    return InvestigatedEvent.model_validate({**dict.fromkeys(names), **event, **shown})


def draw_events(browser: Browser, search: str) -> dict[str, Any]:
    browser.resume("viewer1")
    return call(browser, "traffic-events-rows.children", {"url.search": search})


def test_the_events_of_a_reason_lead_to_who_sent_them(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", EVENTS] = build_events(build_masked_event(), next_cursor="page-2")
    drawn = draw_events(browser, f"?days=14&{REASON}&cursor=page-1&page=2")
    asked = {"reason": WHATSAPP, "traffic_class": "preview", "limit": "25", "cursor": "page-1", "days": "14"}
    assert dict(api.asked[-1].url.params) == asked
    about = "WhatsApp · social-preview · Link previews · 25\u201331 Mar 2026"
    assert drawn["traffic-events-about"] == {"children": about}
    assert "376 more" in str(drawn["traffic-events-showing"])
    rows = str(drawn["traffic-events-rows"])
    for part in ("10:28:15", "Click", "203.0.113.* · k2", "Parent share", "WhatsApp/2.24"):
        assert part in rows
    assert "/dashboard/investigations?days=14&kind=ip_address&id=ref_1" in rows
    assert f"/dashboard/traffic/events?days=14&{REASON}&cursor=page-2" in str(drawn["traffic-events-ways"])


def test_events_are_saved_as_a_file_without_references(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", EVENTS] = build_events(build_masked_event())
    browser.resume("viewer1")
    answer = browser.get(f"/dashboard/traffic/events.csv?days=14&{REASON}&cursor=page-1")
    assert dict(api.asked[-1].url.params) == {"reason": WHATSAPP, "traffic_class": "preview", "days": "14", **MANY}
    head, row = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert "ip_ref" not in head
    assert row[head.index("ip_address")] == "203.0.113.*"


def test_a_reason_without_events_says_why(browser: Browser, api: FakeApi) -> None:
    api.answers["GET", EVENTS] = build_events(retained_from=date(2026, 3, 28))
    drawn = draw_events(browser, f"?days=7&{REASON}")
    assert "totals only before 28 Mar 2026" in str(drawn["traffic-events-about"])
    assert "These events are no longer kept" in str(drawn["traffic-events-rows"])
    api.answers["GET", EVENTS] = build_events(total_events=0)
    assert "No such event in this period" in str(draw_events(browser, f"?days=14&{REASON}"))
    assert "The address names no reason" in str(draw_events(browser, "?days=14"))
