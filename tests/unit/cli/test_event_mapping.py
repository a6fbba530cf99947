"""Rows of somebody's file become events of the contract."""

from typing import Any
from uuid import UUID

import pytest

from viral_engine.cli.event_mapping import (
    EventMapping,
    MappingError,
    build_fingerprint,
    build_mapping,
    find_time_columns,
    parse_columns,
)

WEB_ROW = {
    "event_id": "7",
    "ip_address": "203.0.113.9",
    "user_agent": "Agent/1",
    "clicked_at": "2015-05-17T10:05:03Z",
    "clicked_at_local": "2015-05-17T10:05:03+00:00",
    "status": "200",
}


def map_columns(row: dict[str, Any], mapped: str = "", **options: Any) -> EventMapping:
    options = {"event_type": None, "fingerprint_columns": (), **options}
    return build_mapping("log.csv", [row], mapped=parse_columns(mapped), **options)


def test_columns_named_like_fields_map_themselves_and_others_are_left_out() -> None:
    row = {"event_type": "visit", "occurred_at": "2025-01-02T03:04:05Z", "user_id": "u1", "shoe_size": "44"}
    event = map_columns(row).build_event(row, 2)
    assert event.pop("event_id")
    assert event == {"event_type": "visit", "occurred_at": "2025-01-02T03:04:05Z", "user_id": "u1"}


def test_the_web_log_of_the_issue_becomes_clicks_of_devices() -> None:
    mapping = map_columns(
        WEB_ROW, "occurred_at=clicked_at", event_type="click", fingerprint_columns=("ip_address", "user_agent")
    )
    event = mapping.build_event(WEB_ROW, 2)
    assert UUID(event.pop("event_id")).version == 5
    assert event == {
        "event_type": "click",
        "occurred_at": "2015-05-17T10:05:03Z",
        "ip_address": "203.0.113.9",
        "user_agent": "Agent/1",
        "device_fingerprint": build_fingerprint(["203.0.113.9", "Agent/1"]),
    }


def test_a_given_type_replaces_the_column() -> None:
    row = {"event_type": "purchase", "occurred_at": "2025-01-02T03:04:05Z"}
    assert map_columns(row, event_type="conversion").build_event(row, 2)["event_type"] == "conversion"


def test_a_mapped_column_replaces_the_one_of_the_same_name() -> None:
    row = {"event_type": "click", "user_id": "internal", "public_id": "u1"}
    assert map_columns(row, "user_id=public_id").build_event(row, 2)["user_id"] == "u1"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("conversion_value", "19.90", 19.9),
        ("conversion_value", "much", "much"),
        ("metadata", '{"plan": "pro"}', {"plan": "pro"}),
        ("metadata", "{", "{"),
        ("metadata", {"plan": "pro"}, {"plan": "pro"}),
        ("user_id", "0042", "0042"),
    ],
)
def test_text_gets_the_fields_type_or_is_left_for_the_api_to_refuse(field: str, text: object, value: object) -> None:
    row = {"event_type": "conversion", field: text}
    assert map_columns(row).build_event(row, 2)[field] == value


def test_empty_values_are_left_out() -> None:
    row = {"event_type": "click", "user_id": "", "link_id": None}
    assert map_columns(row).build_event(row, 2).keys() == {"event_id", "event_type"}


class TestEventIds:
    def id_of(self, given: object, line: int = 2, file_name: str = "log.csv") -> str:
        event_id: str = EventMapping(file_name, {"event_id": "event_id"}).build_event({"event_id": given}, line)[
            "event_id"
        ]
        return event_id

    def test_a_uuid_stays(self) -> None:
        assert self.id_of("0198C5F0-7F3B-7C6A-9D2E-1A2B3C4D5E6F") == "0198c5f0-7f3b-7c6a-9d2e-1a2b3c4d5e6f"

    def test_another_id_is_the_same_wherever_its_row_stands(self) -> None:
        assert self.id_of("17", line=2) == self.id_of("17", line=900) == self.id_of(17)

    def test_rows_without_id_differ_by_their_line(self) -> None:
        assert self.id_of("", line=2) == self.id_of(None, line=2)
        assert self.id_of("", line=2) != self.id_of("", line=3)

    def test_the_id_two_is_not_line_two(self) -> None:
        assert self.id_of("2", line=9) != self.id_of("", line=2)

    def test_files_do_not_share_ids(self) -> None:
        assert self.id_of("17", file_name="a.csv") != self.id_of("17", file_name="b.csv")


class TestFingerprints:
    def test_it_is_32_hexadecimal_digits(self) -> None:
        fingerprint = build_fingerprint(["203.0.113.9", "Agent/1"])
        assert fingerprint
        assert len(fingerprint) == 32
        assert int(fingerprint, 16)

    def test_where_one_value_ends_matters(self) -> None:
        assert build_fingerprint(["ab", "c"]) != build_fingerprint(["a", "bc"])

    def test_nothing_known_is_no_device(self) -> None:
        assert build_fingerprint(["", None]) is None

    def test_one_known_value_is_enough(self) -> None:
        assert build_fingerprint(["203.0.113.9", ""])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ip=ip_address", "events have no field ip"),
        ("ip_address", "write it as field=column"),
        ("ip_address=", "write it as field=column"),
    ],
)
def test_a_map_that_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        parse_columns(text)


class TestWhatIsNotGuessed:
    def test_a_type_is_asked_for(self) -> None:
        with pytest.raises(MappingError, match=r"No column is named event_type.*--type click\|visit"):
            map_columns(WEB_ROW, "occurred_at=clicked_at")

    def test_a_time_is_asked_for_with_the_columns_that_hold_one(self) -> None:
        with pytest.raises(
            MappingError, match=r"hold times: clicked_at, clicked_at_local.*--map occurred_at=clicked_at"
        ):
            map_columns(WEB_ROW, event_type="click")

    def test_all_problems_are_told_at_once(self) -> None:
        with pytest.raises(MappingError) as error:
            map_columns(WEB_ROW, "user_id=user", fingerprint_columns=("browser",))
        for part in ("no column user;", "no column browser;", "event_type", "occurred_at"):
            assert part in str(error.value)

    def test_rows_without_any_time_may_count_as_happening_now(self) -> None:
        assert map_columns({"event_type": "click"}).event_type is None


def test_only_full_times_in_every_row_make_a_time_column() -> None:
    sample = [
        {"at": "2025-01-02T03:04:05Z", "day": "2025-01-02", "number": "20250102", "mostly": "2025-01-02 03:04"},
        {"at": "2025-01-02 03:04:05+02:00", "day": "2025-01-03", "number": "20250103", "mostly": ""},
    ]
    assert find_time_columns(sample) == ["at"]
    assert find_time_columns([]) == []
