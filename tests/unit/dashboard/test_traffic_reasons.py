"""All reasons for traffic classes, searched and exported, and the events of one."""

import csv
import io
from datetime import date
from typing import Any

import httpx

from dashboard.period import read_search
from dashboard.traffic import events_page, reasons_page
from tests.support.answers import NOW, PERIOD, build_traffic
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import rows_of, text_of, walk
from viral_contract.models.investigations import InvestigatedEvent, TrafficEventsAnswer
from viral_contract.models.traffic import TrafficReason

TRAFFIC, EVENTS = "/v1/guardrails/traffic", "/v1/guardrails/traffic/events"
WHATSAPP = "WhatsApp (social-preview)"


def build_reason(reason: str = WHATSAPP, **fields: Any) -> TrafficReason:
    given = {"traffic_class": "preview", "events": 5, "clicks": 4, "sample": "WhatsApp/2.24"}
    return TrafficReason.model_validate({"reason": reason, **given, **fields})


CURL = build_reason("curl (http-library)", traffic_class="library", events=1_200, sample="=cmd|curl/8.5.0")
GONE = build_reason("method: HEAD", traffic_class="prefetch", events=2, sample=None)
REASONS = [CURL, build_reason(), GONE]


def draw_reasons(search: str, *reasons: TrafficReason) -> list[Any]:
    answer = build_traffic(reasons=list(reasons))
    return reasons_page.build_list(answer, read_search(search), "?days=7")


def test_reasons_are_found_by_name_tag_or_sample_and_by_class() -> None:
    assert [row[0] for row in rows_of(draw_reasons("", *REASONS))[1:]] == [
        "curl http-library",
        "WhatsApp social-preview",
        "HEAD method of the request",
    ]
    for search in ("?q=whatsAPP", "?q=Social-Preview", "?q=%202.24", "?class=preview", "?q=w&class=preview"):
        assert [row[0] for row in rows_of(draw_reasons(search, *REASONS))[1:]] == ["WhatsApp social-preview"]
    assert text_of(draw_reasons("?q=2.24&class=library", *REASONS)) == "No reason matches"
    assert text_of(draw_reasons("")) == "Nothing was filtered in this period"
    assert "Showing 3 of 3 reasons · 1,207 events · most first" in text_of(draw_reasons("?class=x", *REASONS))


def test_many_reasons_come_on_pages_that_keep_the_filter() -> None:
    many = [build_reason(f"bot {number} (search-engine)") for number in range(60)]
    first, last = draw_reasons("?days=7&q=bot", *many), draw_reasons("?days=7&q=bot&cursor=50", *many)
    assert (len(rows_of(first)), len(rows_of(last))) == (1 + 50, 1 + 10)
    links = [getattr(each, "href", "") for each in walk(first)]
    assert "/dashboard/traffic/reasons?days=7&q=bot&cursor=50" in links
    assert "Next" not in text_of(last)
    assert len(rows_of(draw_reasons("?cursor=9999", *many))) == 1 + 1
    assert len(rows_of(draw_reasons("?cursor=-1", *many))) == 1 + 50


def test_the_page_shows_the_period_and_exports_what_is_filtered(api: FakeApi) -> None:
    api.answers["GET", TRAFFIC] = build_traffic(reasons=REASONS)
    shown = reasons_page.draw(api.connect(), read_search("?days=14&q=curl"))
    header, rows = shown["header"], rows_of(shown["list"])
    assert dict(api.asked[-1].url.params) == {"days": "14"}
    assert "25\u201331 Mar 2026" in text_of(header)
    assert "/dashboard/traffic/reasons.csv?days=14&q=curl" in [getattr(each, "href", "") for each in walk(header)]
    assert len(rows) == 1 + 1


def test_the_file_holds_all_rows_that_are_filtered_and_runs_nothing(browser: Browser, api: FakeApi) -> None:
    many = [build_reason(f"bot {number} (search-engine)") for number in range(60)]
    api.answers["GET", TRAFFIC] = build_traffic(reasons=[CURL, *many])
    browser.resume("viewer1")
    answer = browser.get("/dashboard/traffic/reasons.csv?days=14")
    name = f"traffic-reasons_{PERIOD.start}_{PERIOD.end}.csv"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
    head, curl, *rest = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert head == ["reason", "traffic_class", "events", "clicks", "sample"]
    assert curl == ["curl (http-library)", "library", "1200", "4", "'=cmd|curl/8.5.0"]
    assert len(rest) == 60
    assert len(browser.get("/dashboard/traffic/reasons.csv?q=curl").text.splitlines()) == 1 + 1


def test_a_file_that_cannot_be_made_is_explained(browser: Browser, api: FakeApi) -> None:
    browser.resume("viewer1")
    assert "Invalid period" in browser.get("/dashboard/traffic/reasons.csv?days=0").text
    problem = {"status": 403, "title": "Forbidden", "detail": "Not for you.", "code": "forbidden"}
    api.answers["GET", TRAFFIC] = httpx.Response(403, json=problem)
    answer = browser.get("/dashboard/traffic/reasons.csv?days=7")
    assert (answer.status_code, "Not for you." in answer.text) == (403, True)
    api.is_down = True
    assert browser.get("/dashboard/traffic/reasons.csv?days=7").status_code == 503


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


def test_the_events_of_a_reason_lead_to_who_sent_them(api: FakeApi) -> None:
    api.answers["GET", EVENTS] = build_events(build_masked_event(), next_cursor="page-2")
    search = "?days=14&reason=WhatsApp+%28social-preview%29&traffic_class=preview&cursor=page-1"
    shown = events_page.draw(api.connect(), read_search(search))
    asked = {"reason": WHATSAPP, "traffic_class": "preview", "limit": "25", "cursor": "page-1", "days": "14"}
    assert dict(api.asked[-1].url.params) == asked
    said = text_of(shown["header"])
    assert "Events: WhatsApp" in said
    assert "Link previews · social-preview · 402 events" in said
    body = shown["list"]
    [row] = rows_of(body)[1:]
    assert row == ["31 Mar 10:28:15", "Click", "203.0.113.* · k2", "–", "–", "Parent share", "WhatsApp/2.24"]
    links = [getattr(each, "href", "") for each in walk(body)]
    assert "/dashboard/investigations?days=14&kind=ip_address&id=ref_1" in links
    assert any("cursor=page-2" in link for link in links)


def test_a_reason_without_events_says_why(api: FakeApi) -> None:
    assert text_of(events_page.build_list(build_events(), "")) == "These events are no longer kept"
    assert text_of(events_page.build_list(build_events(total_events=0), "")) == "No such event in this period"
    purged = build_events(retained_from=date(2026, 3, 28))
    api.answers["GET", EVENTS] = purged
    search = "?reason=x&traffic_class=preview"
    shown = events_page.draw(api.connect(), read_search(search))
    assert "totals only before 28 Mar 2026" in text_of(shown["header"])
    shown = events_page.draw(api.connect(), read_search("?days=7"))
    assert "The address names no reason" in text_of(shown["list"])
