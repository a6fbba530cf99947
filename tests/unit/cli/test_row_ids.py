"""A row has the same id wherever, whenever and in which company it is imported."""

from typing import Any
from uuid import UUID

import pytest

from viral_cli.row_ids import RowIds, RowProblemError


def find_ids(*rows: dict[str, Any]) -> list[str]:
    ids = RowIds()
    return [ids.find_id(row.get("event_id"), row) for row in rows]


def test_rows_without_an_id_are_known_by_what_they_hold() -> None:
    a, b = {"user_id": "a", "status": "200"}, {"user_id": "a", "status": "404"}
    ids = find_ids(a, b)
    assert len(set(ids)) == 2
    assert find_ids(b, a) == ids[::-1]
    assert [UUID(event_id).version for event_id in ids] == [5, 5]


def test_how_a_row_is_written_does_not_matter() -> None:
    ways: list[dict[str, Any]] = [{"a": "1", "b": "x"}, {"b": "x", "a": 1, "c": ""}, {"c": None, "b": "x", "a": "1"}]
    assert len({event_id for row in ways for event_id in find_ids(row)}) == 1


def test_equal_rows_are_told_apart_and_known_again_one_by_one() -> None:
    two, three = find_ids(*[{"a": "1"}] * 2), find_ids({"a": "0"}, *[{"a": "1"}] * 3)
    assert len(set(three)) == 4
    assert three[1:3] == two


def test_a_uuid_stays_whatever_the_row_holds() -> None:
    given = "0198C5F0-7F3B-7C6A-9D2E-1A2B3C4D5E6F"
    assert find_ids({"event_id": given, "a": "1"}, {"event_id": given}) == [given.lower()] * 2


def test_ids_that_restart_name_other_rows_and_the_same_row_again() -> None:
    monday, tuesday = find_ids({"event_id": "1", "day": "mon"}), find_ids({"event_id": 1, "day": "tue"})
    assert monday != tuesday
    assert find_ids(*[{"event_id": "1", "day": "mon"}] * 2) == monday * 2


def test_the_summary_says_how_ids_were_made() -> None:
    ids = RowIds()
    assert ids.describe() == ""
    ids.find_id("", {"a": "1"})
    assert ids.describe() == " Ids: the rows' content."
    ids.find_id("7", {"a": "1"})
    assert ids.describe() == (
        " Ids: 1 from the rows' content, 1 from the file's own ids together with the rows' content."
    )


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"a": "\ud83d"}, "character that is cut"),
        ({"\udcff": "a"}, "character that is cut"),
        ({"a": float("inf")}, "number out of range"),
    ],
)
def test_what_json_cannot_hold_has_no_id(row: dict[str, Any], problem: str) -> None:
    with pytest.raises(RowProblemError, match=problem):
        find_ids(row)
