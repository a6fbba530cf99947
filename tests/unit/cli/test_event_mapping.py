"""Rows of somebody's file become events of the contract."""

from typing import Any

import pytest

from viral_cli.event_mapping import (
    EventMapping,
    MappingError,
    build_fingerprint,
    build_mapping,
    find_time_columns,
    parse_columns,
)
from viral_cli.row_ids import RowProblemError

TIME = "2025-01-02T03:04:05Z"
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
    return build_mapping(list(row), [row], mapped=parse_columns(mapped), **options)


def test_columns_named_like_fields_map_themselves_and_others_are_left_out() -> None:
    row = {"event_type": "visit", "occurred_at": "2025-01-02T03:04:05Z", "user_id": "u1", "shoe_size": "44"}
    event = map_columns(row).build_event(row)
    assert event == {"event_type": "visit", "occurred_at": "2025-01-02T03:04:05Z", "user_id": "u1"}


def test_the_web_log_of_the_issue_becomes_clicks_of_devices() -> None:
    mapping = map_columns(
        WEB_ROW, "occurred_at=clicked_at", event_type="click", fingerprint_columns=("ip_address", "user_agent")
    )
    event = mapping.build_event(WEB_ROW)
    assert event == {
        "event_id": "7",
        "event_type": "click",
        "occurred_at": "2015-05-17T10:05:03Z",
        "ip_address": "203.0.113.9",
        "user_agent": "Agent/1",
        "device_fingerprint": build_fingerprint(["203.0.113.9", "Agent/1"]),
    }


def test_a_given_type_replaces_the_column() -> None:
    row = {"event_type": "purchase", "occurred_at": "2025-01-02T03:04:05Z"}
    assert map_columns(row, event_type="conversion").build_event(row)["event_type"] == "conversion"


def test_a_mapped_column_replaces_the_one_of_the_same_name() -> None:
    row = {"event_type": "click", "occurred_at": TIME, "user_id": "internal", "public_id": "u1"}
    assert map_columns(row, "user_id=public_id").build_event(row)["user_id"] == "u1"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("conversion_value", "19.90", 19.9),
        ("conversion_value", "much", "much"),
        ("metadata", '{"plan": "pro"}', {"plan": "pro"}),
        ("conversion_value", "nan", "nan"),
        ("conversion_value", "1e999", "1e999"),
        ("conversion_value", "1_000", "1_000"),
        ("metadata", {"plan": "pro"}, {"plan": "pro"}),
        ("user_id", "0042", "0042"),
    ],
)
def test_text_gets_the_fields_type_or_is_left_for_the_api_to_refuse(field: str, text: object, value: object) -> None:
    row = {"event_type": "conversion", "occurred_at": TIME, field: text}
    assert map_columns(row).build_event(row)[field] == value


def test_empty_values_are_left_out() -> None:
    row = {"event_type": "click", "occurred_at": TIME, "user_id": "", "link_id": None}
    assert map_columns(row).build_event(row).keys() == {"occurred_at", "event_type"}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"occurred_at": ""}, "occurred_at: the time is missing"),
        ({"occurred_at": TIME, "metadata": "{"}, "metadata is not JSON"),
        ({"occurred_at": TIME, "metadata": '{"a": NaN}'}, "NaN is not a JSON number"),
        ({"occurred_at": TIME, "metadata": "[" * 100_000}, "nests too deep"),
    ],
)
def test_a_row_without_time_or_with_broken_metadata_is_none(row: dict[str, Any], problem: str) -> None:
    with pytest.raises(RowProblemError, match=problem):
        map_columns({"event_type": "click", **row}).build_event(row)


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
        ("ip_address", "use field=column"),
        ("ip_address=", "use field=column"),
    ],
)
def test_a_map_that_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        parse_columns(text)


class TestWhatIsNotGuessed:
    def test_a_type_is_asked_for(self) -> None:
        with pytest.raises(MappingError, match=r"No event_type column.*--type click\|visit"):
            map_columns(WEB_ROW, "occurred_at=clicked_at")

    def test_a_time_is_asked_for_with_the_columns_that_hold_one(self) -> None:
        with pytest.raises(
            MappingError, match=r"Columns with times: clicked_at, clicked_at_local.*--map occurred_at=clicked_at"
        ):
            map_columns(WEB_ROW, event_type="click")

    def test_all_problems_are_told_at_once(self) -> None:
        with pytest.raises(MappingError) as error:
            map_columns(WEB_ROW, "user_id=user", fingerprint_columns=("browser",))
        for part in ("no column user.", "no column browser.", "event_type", "occurred_at"):
            assert part in str(error.value)

    @pytest.mark.parametrize("event_type", [None, "click"])
    def test_a_file_without_any_field_of_an_event_is_refused(self, event_type: str | None) -> None:
        with pytest.raises(MappingError, match=r"No column matches an event field. Columns: a:b.*NDJSON"):
            map_columns({"a:b": "1:2"}, event_type=event_type)

    def test_rows_without_any_time_are_not_taken_for_now(self) -> None:
        with pytest.raises(MappingError, match="--map occurred_at=COLUMN"):
            map_columns({"event_type": "click", "user_id": "u1"})


def test_only_full_times_in_every_row_make_a_time_column() -> None:
    sample = [
        {"at": "2025-01-02T03:04:05Z", "day": "2025-01-02", "number": "20250102", "mostly": "2025-01-02 03:04"},
        {"at": "2025-01-02 03:04:05+02:00", "day": "2025-01-03", "number": "20250103", "mostly": ""},
    ]
    assert find_time_columns(sample) == ["at"]
    assert find_time_columns([]) == []
