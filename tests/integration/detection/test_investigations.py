"""Investigations: what an address, a device or a referrer did, for whom it is shown, and how much is read for it."""

import codecs
import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from flask import Flask
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from metrics_api.access.identifiers import Identifiers, References
from metrics_api.db.database import Database
from metrics_api.db.paging import Page
from metrics_api.detection.investigations.answer import fetch_subject
from metrics_api.detection.investigations.devices import fetch_device_investigation
from metrics_api.detection.investigations.event_filter import EventFilter
from metrics_api.detection.investigations.history import MAX_EVENTS
from metrics_api.detection.investigations.ips import fetch_ip_investigation
from metrics_api.detection.investigations.referrers import fetch_referrer_investigation
from metrics_api.detection.query import Query
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import IDENTIFIER_KEY, Api
from tests.support.builders import NOON, build_clicks, build_event, build_link
from tests.support.plans import watch_statements
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.period import Period

REFERENCES = References(IDENTIFIER_KEY)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IP, DEVICE = "203.0.113.9", "a device/with ? all % sorts"
DAY = NOON.date().isoformat()
PERIOD = {"start": (NOON - timedelta(days=6)).date().isoformat(), "end": DAY}


def path_of(kind: str, identifier: str) -> str:
    return f"/v1/investigations/{kind}/{quote(identifier, safe='')}"


def read_csv(response: TestResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.get_data().decode("utf-8-sig"))))


@pytest.fixture
def viewer(holder_of: Callable[..., Api]) -> Api:
    """A caller who sees masked identifiers."""
    return holder_of(Scope.METRICS_READ, name="a viewer")


class TestAddress:
    def test_shows_what_it_did_and_since_when(self, api: Api) -> None:
        long_ago = NOON - timedelta(days=40)
        api.post_events(
            build_event(at=long_ago, ip_address=IP),
            *build_clicks(3, apart=60, ip_address=IP),
            build_event("conversion", at=NOON + timedelta(hours=2), ip_address=IP),
        )

        answer = api.read(path_of("ips", IP), **PERIOD)

        assert answer["entity"] == {
            "kind": "ip_address",
            "shown": IP,
            "ref": answer["entity"]["ref"],
            "alias": answer["entity"]["alias"],
            "first_seen": "2026-01-23T12:00:00Z",
            "last_seen": "2026-03-04T14:00:00Z",
        }
        assert answer["totals"] == {"click": 3, "visit": 0, "signup": 0, "conversion": 1, "activation": 0}
        assert [event["event_type"] for event in answer["events"]] == ["conversion", "click", "click", "click"]
        assert (answer["looked_at_events"], answer["truncated"]) == (4, False)
        assert answer["looked_at_from"] == "2026-02-26T00:00:00Z"

    def test_evidence_is_the_days_above_the_threshold(self, api: Api) -> None:
        api.post_events(*build_clicks(10, at=NOON - timedelta(days=1), ip_address=IP), *build_clicks(11, ip_address=IP))

        answer = api.read(path_of("ips", IP), **PERIOD)

        assert answer["flagged"] is True
        assert answer["rule"] == "More than 10 clicks in one day (UTC)"
        shown = [(day["date"], day["clicks"], day["above_threshold"], day["verdict"]) for day in answer["days"]]
        assert shown == [("2026-03-03", 10, False, None), ("2026-03-04", 11, True, "flagged")]
        assert [day["evidence"] for day in answer["days"]] == [
            None,
            {
                "devices": 0,
                "clicks_per_device": None,
                "referrers": 0,
                "top_referrer_share": 1,
                "new_device_share": 0,
                "sampled_devices": None,
            },
        ]
        assert api.read(path_of("ips", IP), **PERIOD, fraud_ip_click_threshold=11)["flagged"] is False

    def test_in_a_trusted_network_is_not_flagged_and_says_why(self, api: Api) -> None:
        api.post_events(*build_clicks(11, ip_address=IP))
        api.send("PUT", "/v1/trusted-networks/203.0.113.0/24", json={"reason": "Springfield school"})

        answer = api.read(path_of("ips", IP), **PERIOD)

        assert answer["trusted_network"] == {"cidr": "203.0.113.0/24", "reason": "Springfield school"}
        assert answer["flagged"] is False
        assert answer["days"][0]["above_threshold"] is True

    def test_in_an_untrusted_network_has_none(self, api: Api) -> None:
        api.post_events(build_event(ip_address=IP))

        assert api.read(path_of("ips", IP), **PERIOD)["trusted_network"] is None

    @pytest.mark.parametrize("written", ["::ffff:203.0.113.9", "::FFFF:CB00:7109"])
    def test_is_found_however_it_is_written(self, api: Api, written: str) -> None:
        api.post_events(build_event(ip_address=IP))

        assert api.read(path_of("ips", written), **PERIOD)["entity"]["shown"] == IP

    def test_shows_with_whom(self, api: Api) -> None:
        mine = {"ip_address": IP, "referrer_id": "maria", "source": "parent_share", "user_agent": FIREFOX}
        api.post_events(
            *build_clicks(3, **mine, device_fingerprint="phone", user_id="jon"),
            build_event("conversion", at=NOON + timedelta(hours=1), **mine, device_fingerprint="tablet"),
            build_event(ip_address="198.51.100.1", device_fingerprint="elsewhere", link_id="other"),
        )

        related = api.read(path_of("ips", IP), **PERIOD)["related"]

        assert [(row["shown"], row["clicks"], row["conversions"]) for row in related["devices"]["entities"]] == [
            ("phone", 3, 0),
            ("tablet", 0, 1),
        ]
        (referrer,) = related["referrers"]["entities"]
        assert (referrer["shown"], referrer["events"], referrer["conversions"], referrer["ref"]) == (
            "maria",
            4,
            1,
            None,
        )
        assert (referrer["first_seen"], referrer["last_seen"]) == ("2026-03-04T12:00:00Z", "2026-03-04T13:00:00Z")
        assert related["links"] == {"total": 0, "entities": []}
        assert [related[kind]["total"] for kind in ("loops", "users", "user_agents")] == [1, 1, 1]
        assert "ip_addresses" not in related

    def test_lists_the_fifty_devices_that_occur_most_and_says_how_many_there_are(self, api: Api) -> None:
        devices = [f"device {number}" for number in range(60)]
        api.post_events(*(build_event(ip_address=IP, device_fingerprint=device) for device in devices * 2))
        api.post_events(build_event(ip_address=IP, device_fingerprint="device 59"))

        found = api.read(path_of("ips", IP), **PERIOD)["related"]["devices"]

        assert (found["total"], len(found["entities"]), found["entities"][0]["shown"]) == (60, 50, "device 59")


class TestDevice:
    def test_evidence_is_the_fastest_burst_of_every_size_with_its_time(self, api: Api) -> None:
        for seconds in (0, 30, 33, 34, 55):
            api.post_events(build_event(at=NOON + timedelta(seconds=seconds), device_fingerprint=DEVICE))

        answer = api.read(path_of("devices", DEVICE), **PERIOD)

        assert [(burst["clicks"], burst["seconds"], burst["within_window"]) for burst in answer["bursts"]] == [
            (2, 1, True),
            (3, 4, True),
            (4, 25, False),
            (5, 55, False),
        ]
        assert answer["bursts"][1]["first_click_at"] == "2026-03-04T12:00:30Z"
        assert answer["bursts"][1]["last_click_at"] == "2026-03-04T12:00:34Z"
        assert answer["days"] == [{"date": DAY, "clicks": 5, "fastest_seconds": 4, "flagged": True}]
        assert (answer["flagged"], answer["rule"]) == (True, "3 or more clicks within 5 seconds")

    def test_rule_follows_the_thresholds_of_the_request(self, api: Api) -> None:
        api.post_events(*build_clicks(3, apart=2, device_fingerprint=DEVICE))

        answer = api.read(path_of("devices", DEVICE), **PERIOD, bot_rapid_click_window_seconds=3)

        assert (answer["flagged"], answer["rule"]) == (False, "3 or more clicks within 3 seconds")
        assert answer["thresholds"] == {"bot_rapid_click_threshold": 3, "bot_rapid_click_window_seconds": 3}

    def test_slow_device_has_no_burst(self, api: Api) -> None:
        api.post_events(*build_clicks(3, apart=61, device_fingerprint=DEVICE))

        answer = api.read(path_of("devices", DEVICE), **PERIOD)

        assert (answer["flagged"], answer["bursts"]) == (False, [])
        assert answer["days"] == [{"date": DAY, "clicks": 3, "fastest_seconds": None, "flagged": False}]

    def test_burst_that_began_before_the_period_is_shown_without_times(self, api: Api) -> None:
        midnight = NOON.replace(hour=0)
        api.post_events(*build_clicks(3, at=midnight - timedelta(seconds=2), apart=1, device_fingerprint=DEVICE))

        answer = api.read(path_of("devices", DEVICE), start=DAY, end=DAY)

        assert [(burst["clicks"], burst["first_click_at"]) for burst in answer["bursts"]] == [(2, None), (3, None)]
        assert answer["flagged"] is True

    def test_history_joins_clicks_and_everything_else_in_order(self, api: Api) -> None:
        kinds = ["click", "visit", "click", "signup", "conversion", "click"]
        for hour, kind in enumerate(kinds):
            api.post_events(
                build_event(kind, at=NOON + timedelta(minutes=hour), device_fingerprint=DEVICE, ip_address=IP)
            )

        answer = api.read(path_of("devices", DEVICE), **PERIOD)

        assert [event["event_type"] for event in answer["events"]] == kinds[::-1]
        assert answer["related"]["ip_addresses"]["entities"][0]["events"] == 6
        assert "devices" not in answer["related"]


class TestListedEvents:
    def test_are_found_by_what_they_name_and_by_type(self, api: Api) -> None:
        named = {"referrer_id": "maria", "link_id": "link 7", "source": "Album", "user_id": "lisa"}
        api.post_events(
            build_event(at=NOON, device_fingerprint=DEVICE, ip_address=IP, **named),
            build_event("signup", at=NOON + timedelta(hours=1), device_fingerprint=DEVICE, ip_address="198.51.100.4"),
        )

        def find(**query: str) -> list[str]:
            answer = api.read(path_of("devices", DEVICE), **PERIOD, **query)
            found = [event["event_type"] for event in answer["events"]]
            assert answer["total_events"] == len(found)
            return found

        for part in ("MARIA", "link 7", "album", "lisa", IP, "click"):
            assert find(q=part) == ["click"], part
        ref = next(
            event["ip_ref"]
            for event in api.read(path_of("devices", DEVICE), **PERIOD)["events"]
            if event["event_type"] == "signup"
        )
        assert find(q=ref) == find(event_type="signup") == ["signup"]
        assert find() == find(order="asc")[::-1] == ["signup", "click"]
        assert find(q="nothing of the kind") == []

    def test_are_not_found_by_what_a_mask_hides(self, api: Api, holder_of: Callable[..., Api]) -> None:
        api.post_events(build_event(device_fingerprint=DEVICE, ip_address=IP, referrer_id="maria"))
        viewer = holder_of(Scope.METRICS_READ)
        for hidden in (IP, DEVICE):
            assert viewer.read(path_of("referrers", "maria"), **PERIOD, q=hidden)["total_events"] == 0
        assert viewer.read(path_of("referrers", "maria"), **PERIOD, q=IP.rpartition(".")[0])["total_events"] == 1

    def test_go_on_from_the_oldest_page_by_page(self, api: Api) -> None:
        api.post_events(*build_clicks(5, apart=60, device_fingerprint=DEVICE))
        times, cursor = [], None
        for _ in range(3):
            page = api.read(path_of("devices", DEVICE), **PERIOD, limit=2, order="asc", cursor=cursor)
            times += [event["occurred_at"] for event in page["events"]]
            cursor = page["next_cursor"]
        assert (len(times), times, cursor) == (5, sorted(times), None)


class TestReferrer:
    def test_evidence_is_the_days_and_the_rate(self, api: Api) -> None:
        credited = {"referrer_id": "maria"}
        api.post_events(
            *[build_event("conversion", **credited) for _ in range(11)],
            *build_clicks(12, at=NOON - timedelta(days=1), **credited),
        )

        answer = api.read(path_of("referrers", "maria"), **PERIOD)

        assert answer["days"] == [
            {"date": "2026-03-03", "invites": 0, "clicks": 12, "conversions": 0, "above_threshold": False},
            {"date": DAY, "invites": 0, "clicks": 0, "conversions": 11, "above_threshold": True},
        ]
        assert answer["conversion_rate"] == pytest.approx(11 / 12)
        assert (answer["high_conversion_rate"], answer["flagged"]) == (True, True)
        assert answer["totals"]["conversion"] == 11
        assert answer["rule"] == (
            "More than 10 conversions in one day (UTC), or a conversion rate above 80% with at least 5 clicks"
        )

    @pytest.mark.parametrize(
        ("clicks", "conversions", "flagged"), [(5, 4, False), (5, 5, True), (2, 9, False), (0, 5, True), (0, 4, False)]
    )
    def test_rate_is_judged_as_the_list_of_anomalies_judges_it(
        self, api: Api, clicks: int, conversions: int, flagged: bool
    ) -> None:
        kinds = ["click"] * clicks + ["conversion"] * conversions
        api.post_events(*(build_event(kind, referrer_id="maria") for kind in kinds))

        answer = api.read(path_of("referrers", "maria"), **PERIOD)
        listed = api.read("/v1/guardrails/conversion-anomalies", **PERIOD)

        assert answer["flagged"] is answer["high_conversion_rate"] is flagged is (listed["total_flagged"] == 1)

    def test_who_only_created_a_link_is_known(self, api: Api) -> None:
        link = build_link("a link", referrer_id="maria", inserted_at=NOON.isoformat())
        api.send("POST", "/v1/links", json={"items": [link]})

        answer = api.read(path_of("referrers", "maria"), **PERIOD)

        assert (answer["entity"]["first_seen"], answer["looked_at_events"], answer["flagged"]) == (None, 0, False)
        assert answer["days"][0]["invites"] == 1

    def test_shows_links_and_addresses_and_loops(self, api: Api) -> None:
        api.send("POST", "/v1/links", json={"items": [build_link("a link", referrer_id="maria", source="prep_pack")]})
        api.post_events(*build_clicks(2, link_id="a link", ip_address=IP))

        related = api.read(path_of("referrers", "maria"), **PERIOD)["related"]

        shown = {kind: [row["shown"] for row in found["entities"]] for kind, found in related.items()}
        assert (shown["links"], shown["ip_addresses"], shown["loops"]) == (["a link"], [IP], ["prep_pack"])
        assert "referrers" not in shown

    def test_a_reference_is_not_turned_back_for_a_referrer(self, api: Api) -> None:
        api.post_events(build_event(ip_address=IP, referrer_id=IP))
        ref = api.read(path_of("ips", IP), **PERIOD)["entity"]["ref"]

        assert api.get(path_of("referrers", ref)).status_code == 404


class TestTimeline:
    def test_has_an_hour_for_up_to_three_days_also_where_nothing_happened(self, api: Api) -> None:
        api.post_events(*build_clicks(2, ip_address=IP), build_event("visit", at=NOON.replace(hour=23), ip_address=IP))

        timeline = api.read(path_of("ips", IP), start="2026-03-03", end=DAY)["timeline"]

        assert (timeline["bucket"], len(timeline["buckets"])) == ("hour", 48)
        filled = {bucket["starts_at"]: bucket["counts"] for bucket in timeline["buckets"] if bucket["counts"]}
        assert filled == {"2026-03-04T12:00:00Z": {"click": 2}, "2026-03-04T23:00:00Z": {"visit": 1}}

    def test_has_a_day_for_longer_periods(self, api: Api) -> None:
        midnight = NOON.replace(hour=0)
        api.post_events(
            build_event(at=midnight, ip_address=IP),
            build_event(at=midnight - timedelta(microseconds=1), ip_address=IP),
        )

        timeline = api.read(path_of("ips", IP), **PERIOD)["timeline"]

        assert (timeline["bucket"], len(timeline["buckets"])) == ("day", 7)
        assert [bucket["counts"] for bucket in timeline["buckets"]][-2:] == [{"click": 1}, {"click": 1}]


class TestMasking:
    @pytest.fixture(autouse=True)
    def events(self, api: Api) -> None:
        api.post_events(*build_clicks(11, apart=1, ip_address=IP, device_fingerprint="phone of jon", user_id="jon doe"))

    def test_identifiers_are_masked_without_the_right_to_see_them(self, viewer: Api) -> None:
        (row,) = viewer.read("/v1/guardrails/fraud", **PERIOD)["suspicious_ips"]

        response = viewer.get(path_of("ips", row["ref"]), **PERIOD)

        answer = response.get_json()
        assert (answer["entity"]["shown"], answer["entity"]["ref"]) == ("203.0.113.*", row["ref"])
        assert answer["related"]["devices"]["entities"][0]["shown"] == "phone …"
        event = answer["events"][0]
        assert (event["ip_address"], event["device_fingerprint"], event["user_id"]) == (
            "203.0.113.*",
            "phone …",
            "jon do…",
        )
        for whole in (IP, "phone of jon", "jon doe"):
            assert whole not in response.get_data(as_text=True)

    def test_references_lead_from_one_investigation_to_the_next(self, viewer: Api) -> None:
        (row,) = viewer.read("/v1/guardrails/bots", **PERIOD)["bot_like_devices"]

        device = viewer.read(path_of("devices", row["ref"]), **PERIOD)
        address = viewer.read(path_of("ips", device["related"]["ip_addresses"]["entities"][0]["ref"]), **PERIOD)

        assert address["related"]["devices"]["entities"][0]["ref"] == row["ref"]
        assert (device["entity"]["shown"], address["entity"]["shown"]) == ("phone …", "203.0.113.*")

    def test_exported_events_are_masked_too(self, viewer: Api) -> None:
        exported = viewer.get(path_of("ips", REFERENCES.to_ref(IP)), **PERIOD, format="csv").get_data(as_text=True)

        assert "203.0.113.*" in exported
        assert not any(whole in exported for whole in (IP, "phone of jon", "jon doe"))

    def test_looking_at_whole_identifiers_is_audited(self, api: Api, viewer: Api, connection: Connection) -> None:
        (row,) = viewer.read("/v1/guardrails/fraud", **PERIOD)["suspicious_ips"]
        viewer.read(path_of("ips", row["ref"]), **PERIOD)
        assert self._audited(connection) == []

        api.read(path_of("ips", IP), **PERIOD)
        api.read(path_of("ips", IP), **PERIOD)
        assert self._audited(connection) == ["/v1/investigations/ips/<id:given>"]

    @pytest.mark.parametrize(
        "kind_and_id", [("ips", IP), ("ips", "203.0.113.9"), ("devices", DEVICE), ("devices", "x")]
    )
    @pytest.mark.parametrize("wanted", ["json", "csv"])
    def test_naming_whole_identifiers_is_refused_and_audited_as_it_may_be_guessing(
        self, viewer: Api, connection: Connection, kind_and_id: tuple[str, str], wanted: str
    ) -> None:
        kind, identifier = kind_and_id
        problem = viewer.refuse(403, "GET", path_of(kind, identifier), query_string={**PERIOD, "format": wanted})
        assert problem["code"] == "whole_identifier_refused"
        assert "ref" in problem["detail"]
        assert identifier not in str(problem["detail"]).split()
        assert self._audited(connection, "name_identifier") == [f"/v1/investigations/{kind}/<id:given>"]

    def test_everybody_tells_masked_rows_apart_by_the_same_alias(self, api: Api, viewer: Api) -> None:
        (seen,) = viewer.read("/v1/guardrails/fraud", **PERIOD)["suspicious_ips"]
        (known,) = api.read("/v1/guardrails/fraud", **PERIOD)["suspicious_ips"]
        found = viewer.read(path_of("ips", seen["ref"]), **PERIOD)
        assert seen["alias"] == known["alias"] == found["entity"]["alias"]
        assert {event["ip_alias"] for event in found["events"]} == {seen["alias"]}
        assert IP not in seen["alias"]
        devices = found["related"]["devices"]["entities"]
        assert len({each["alias"] for each in devices}) == len(devices)

    @staticmethod
    def _audited(connection: Connection, action: str = "look_at_identifiers") -> list[str]:
        statement = text("SELECT subject FROM audit_entries WHERE action = :action")
        return list(connection.execute(statement, {"action": action}).scalars())

    def test_a_reference_to_what_was_never_seen_does_not_reveal_it(self, viewer: Api) -> None:
        secret = REFERENCES.to_ref("198.51.100.77")

        for kind in ("ips", "devices"):
            response = viewer.get(path_of(kind, secret))
            assert response.status_code == 404
            assert "198.51.100.77" not in response.get_data(as_text=True)

    def test_a_cursor_is_not_taken_for_a_reference(self, viewer: Api) -> None:
        cursor = viewer.read(path_of("ips", REFERENCES.to_ref(IP)), **PERIOD, limit=1)["next_cursor"]

        assert viewer.get(path_of("devices", cursor)).status_code == 403


class TestUnknown:
    @pytest.mark.parametrize(
        ("kind", "identifier"),
        [
            ("ips", "198.51.100.1"),
            ("ips", "not an address"),
            ("ips", "ref_forged"),
            ("ips", "203.0.113.0/24"),
            ("devices", "nobody's"),
            ("devices", "ref_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            ("devices", "x" * 5000),
            ("referrers", "nobody"),
            ("referrers", "maria'; DROP TABLE attribution_events; --"),
        ],
    )
    @pytest.mark.parametrize("format", ["json", "csv"])
    def test_is_answered_404_with_a_sentence(self, api: Api, kind: str, identifier: str, format: str) -> None:  # noqa: A002
        api.post_events(build_event(ip_address=IP, device_fingerprint=DEVICE, referrer_id="maria"))

        problem = api.refuse(404, "GET", path_of(kind, identifier), query_string={"format": format})

        assert problem["code"] == "not_found"
        assert "never seen" in problem["detail"] or "it has never been seen" in problem["detail"]

    @pytest.mark.parametrize("query", [{"days": 0}, {"format": "pdf"}, {"limit": 0}, {"cursor": "ref_forged"}])
    def test_query_is_checked(self, api: Api, query: dict[str, object]) -> None:
        assert api.refuse(422, "GET", path_of("ips", IP), query_string=query)["code"] == "invalid"

    def test_needs_the_right_to_read(self, holder_of: Callable[..., Api]) -> None:
        assert holder_of(Scope.EVENTS_WRITE).get(path_of("ips", IP)).status_code == 403


@pytest.mark.parametrize(
    "hostile",
    ["a/b//c", "../../x", "?limit=1", "#", "%2e", "<script>", "é漢🎉", " ", "=1+1", "ref_mine", "'\"\\", "a b;"],
)
def test_ids_of_any_characters_are_found(api: Api, hostile: str) -> None:
    api.post_events(build_event(device_fingerprint=hostile, referrer_id=hostile))

    assert api.read(path_of("devices", hostile), **PERIOD)["entity"]["shown"] == hostile
    assert api.read(path_of("referrers", hostile), **PERIOD)["entity"]["shown"] == hostile


class TestPages:
    def test_events_go_on_behind_the_cursor_also_within_one_moment(self, api: Api) -> None:
        for event in build_clicks(7, ip_address=IP):
            api.post_events(event)
        api.post_events(build_event("visit", at=NOON + timedelta(hours=1), ip_address=IP))

        pages = [api.read(path_of("ips", IP), **PERIOD, limit=3)]
        while cursor := pages[-1]["next_cursor"]:
            pages.append(api.read(path_of("ips", IP), **PERIOD, limit=3, cursor=cursor))

        assert [len(page["events"]) for page in pages] == [3, 3, 2]
        whole = api.read(path_of("ips", IP), **PERIOD)["events"]
        assert [event for page in pages for event in page["events"]] == whole

    def test_what_arrives_meanwhile_does_not_move_the_next_page(self, api: Api) -> None:
        api.post_events(*build_clicks(4, apart=-60, ip_address=IP))
        first = api.read(path_of("ips", IP), **PERIOD, limit=2)
        api.post_events(build_event(at=NOON + timedelta(hours=1), ip_address=IP))

        second = api.read(path_of("ips", IP), **PERIOD, limit=2, cursor=first["next_cursor"])

        assert [event["occurred_at"] for event in second["events"]] == ["2026-03-04T11:58:00Z", "2026-03-04T11:57:00Z"]


class TestExport:
    def test_holds_every_event_with_the_same_columns_as_the_answer(self, api: Api) -> None:
        api.post_events(*build_clicks(60, apart=1, ip_address=IP, device_fingerprint="phone", conversion_value=1.5))

        response = api.get(path_of("ips", IP), **PERIOD, format="csv", limit=1)

        rows = read_csv(response)
        assert response.get_data().startswith(codecs.BOM_UTF8)
        answer = api.read(path_of("ips", IP), **PERIOD, limit=60)
        assert response.content_type == "text/csv; charset=utf-8"
        assert response.headers["Content-Disposition"] == (
            'attachment; filename="investigation-ip_address-2026-02-26-2026-03-04.csv"'
        )
        assert rows == [
            {name: "" if value is None else str(value) for name, value in event.items()} for event in answer["events"]
        ]

    @pytest.mark.parametrize(
        ("accept", "content_type"),
        [
            ("text/csv", "text/csv; charset=utf-8"),
            ("text/csv;q=0.9, application/json", "application/json"),
            ("*/*", "application/json"),
        ],
    )
    def test_is_chosen_by_the_accept_header_too(self, api: Api, accept: str, content_type: str) -> None:
        api.post_events(build_event(ip_address=IP))

        response = api.send("GET", path_of("ips", IP), query_string=PERIOD, headers={"Accept": accept})

        assert response.content_type == content_type

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", " =", "\u00a0="])
    def test_no_cell_is_taken_for_a_formula(self, api: Api, start: str) -> None:
        formula = f'{start}HYPERLINK("http://x";"y")'
        api.post_events(
            build_event(
                "conversion",
                ip_address=IP,
                device_fingerprint=formula,
                link_id=formula,
                referrer_id=formula,
                source=formula,
                user_id=formula,
                user_agent=formula,
                conversion_value=-3,
            )
        )

        (row,) = read_csv(api.get(path_of("ips", IP), **PERIOD, format="csv"))

        texts = ["device_fingerprint", "link_id", "referrer_id", "source", "user_id", "user_agent"]
        assert [row[name] for name in texts] == ["'" + formula] * 6
        assert row["conversion_value"] == "-3.0"

    def test_separators_and_quotes_stay_within_their_cell(self, api: Api) -> None:
        hostile = 'a";=1+1,"b\u2028c'
        api.post_events(build_event(ip_address=IP, link_id=hostile, user_agent="x;=2+2"))

        response = api.get(path_of("ips", IP), **PERIOD, format="csv")

        (row,) = read_csv(response)
        assert (row["link_id"], row["user_agent"]) == (hostile, "x;=2+2")
        assert '"x;=2+2"' in response.get_data(as_text=True)


class TestClient:
    @pytest.fixture
    def client(self, app: Flask, api: Api) -> MetricsApi:
        """The client that the dashboard uses, in the name of the caller who may do everything."""
        transport = httpx.WSGITransport(app=app)
        return MetricsApi(httpx.Client(transport=transport, base_url="http://api", headers=api._headers))

    def test_reads_each_kind_whatever_the_id(self, api: Api, client: MetricsApi) -> None:
        api.post_events(build_event(ip_address="2001:db8::1", device_fingerprint=DEVICE, referrer_id="a/b?c"))

        assert client.fetch_ip_investigation("2001:db8::1", **PERIOD).entity.shown == "2001:db8::/64"
        assert client.fetch_device_investigation(DEVICE, **PERIOD).entity.shown == DEVICE
        assert client.fetch_referrer_investigation("a/b?c", **PERIOD).totals["click"] == 1
        assert client.export_investigation("device", DEVICE, **PERIOD).count(b"\r\n") == 2
        with pytest.raises(ApiProblemError, match="it has never been seen"):
            client.fetch_ip_investigation("203.0.113.1")


class TestBoundedWork:
    """An attacker chooses the length of a history; what is read of it must not grow with that."""

    @pytest.fixture
    def attacked(self, connection: Connection) -> Connection:
        """Many harmless events, and then an attack that the statistics do not know."""
        connection.execute(_build_insert(events=30_000, who="number % 1500", ip="inet '10.0.0.0' + number % 1500"))
        connection.execute(text("VACUUM ANALYZE attribution_events"))
        for who, ip in (("'bad'", "inet '203.0.113.9'"), ("'worse ' || number", "inet '2001:db8::' + number")):
            connection.execute(_build_insert(events=MAX_EVENTS + 500, who=who, ip=ip))
        return connection

    @pytest.mark.usefixtures("attacked")
    @pytest.mark.parametrize(
        ("kind", "identifier", "fetch"),
        [
            ("ip_address", IP, fetch_ip_investigation),
            ("ip_address", "2001:db8::/64", fetch_ip_investigation),
            ("device", "bad", fetch_device_investigation),
            ("referrer", "bad", fetch_referrer_investigation),
        ],
    )
    def test_reads_by_index_in_order_and_no_more_than_the_newest(
        self, database: Database, kind: Any, identifier: str, fetch: Callable[..., Any]
    ) -> None:
        query = _parse_query()
        with database.read() as connection:
            # PostgreSQL's own default, under which fetching everything and sorting it looks cheaper.
            connection.execute(text("SET LOCAL random_page_cost = 4"))
            with watch_statements(connection) as statements:
                answer = fetch(connection, fetch_subject(connection, kind, identifier, query, EventFilter()), query)
            plans = [plan for plan in statements.explain(connection) if "attribution_events" in plan]

        assert (answer.looked_at_events, answer.truncated) == (MAX_EVENTS, True)
        assert len(statements.sent) <= 7
        assert len(plans) == 2
        for plan in plans:
            assert not any(word in plan for word in ("Seq Scan", "Sort  (", "Bitmap")), plan

    def test_says_that_there_is_more_and_since_when_it_was_looked_at(self, api: Api, attacked: Connection) -> None:
        answer = api.read(path_of("devices", "bad"), **PERIOD)

        oldest = attacked.execute(
            text("""SELECT min(occurred_at) FROM (SELECT occurred_at FROM attribution_events
                WHERE device_fingerprint = 'bad' ORDER BY occurred_at DESC LIMIT 10000) AS newest""")
        ).scalar_one()
        assert (answer["looked_at_events"], answer["truncated"]) == (MAX_EVENTS, True)
        assert answer["looked_at_from"] == oldest.isoformat().replace("+00:00", "Z")

    @pytest.mark.usefixtures("attacked")
    def test_exports_no_more_than_was_looked_at(self, api: Api) -> None:
        assert len(read_csv(api.get(path_of("ips", IP), **PERIOD, format="csv"))) == MAX_EVENTS


def _build_insert(*, events: int, who: str, ip: str) -> Any:
    return text(f"""
        INSERT INTO attribution_events (event_id, event_type, occurred_at, ip_address, device_fingerprint, referrer_id)
        SELECT gen_random_uuid(), CASE WHEN number % 3 = 0 THEN 'visit' ELSE 'click' END,
            TIMESTAMPTZ '2026-03-04 23:00Z' - make_interval(secs => number * 10), {ip}, {who}, {who}
        FROM generate_series(1, {events}) AS number
    """)


def _parse_query() -> Query:
    now = NOON.replace(hour=23)
    identifiers = Identifiers(References("a key"), whole=True)
    return Query(Period.last_days(7, now=now), DetectionSettings(), now, identifiers, Page(50), DetectionSettings())
