"""Rows are cut into batches that the API takes, and an import remembers how far it came."""

from pathlib import Path

from viral_cli.event_mapping import EventMapping
from viral_cli.event_source import Record
from viral_cli.import_batches import MAX_EVENTS, ImportState, StateFile, build_batches
from viral_cli.import_events import format_summary
from viral_cli.row_ids import RowIds

TIME = "2025-01-02T03:04:05Z"
MAPPING = EventMapping({"event_type": "event_type", "occurred_at": "at", "landing_page": "page"})
NOTES = ["CSV. Ids: the rows' content."]


def rows(count: int, page: str = "") -> list[Record]:
    return [Record(line, {"event_type": "click", "at": TIME, "page": page}) for line in range(2, 2 + count)]


def test_no_row_is_lost_between_batches() -> None:
    batches = list(build_batches(rows(2 * MAX_EVENTS + 1), MAPPING, RowIds()))
    assert [batch.records for batch in batches] == [MAX_EVENTS, MAX_EVENTS, 1]
    assert [line for batch in batches for line in batch.lines] == list(range(2, 2 * MAX_EVENTS + 3))
    assert batches[-1].last_line == 2 * MAX_EVENTS + 2


def test_a_batch_stays_below_what_the_api_takes() -> None:
    batches = list(build_batches(rows(40, "x" * 900_000), MAPPING, RowIds()))
    assert sum(batch.records for batch in batches) == 40
    assert all(sum(len(event["landing_page"]) for event in batch.events) < 13_000_000 for batch in batches)


def test_a_row_that_is_too_large_for_any_batch_is_rejected_with_its_line() -> None:
    [batch] = build_batches(
        [*rows(1), Record(3, {"event_type": "click", "at": TIME, "page": "x" * 1_100_000})], MAPPING, RowIds()
    )
    assert batch.complaints == [(3, "is larger than 1 MiB")]
    assert batch.lines == [2]


def test_unreadable_rows_count_as_rows_of_their_batch() -> None:
    [batch] = build_batches([Record(2, {}, "is not CSV"), *rows(0)], MAPPING, RowIds())
    assert (batch.records, batch.last_line, batch.complaints) == (1, 2, [(2, "is not CSV")])


def test_an_import_that_goes_on_counts_the_equal_rows_before() -> None:
    """So the third of four equal rows is the third, whether or not the first two are sent again."""
    whole = [batch.events for batch in build_batches(rows(4), MAPPING, RowIds())]
    rest = [batch.events for batch in build_batches(rows(4), MAPPING, RowIds(), done=2)]
    assert [list(events) for events in rest] == [list(whole[0][2:])]


def test_many_unreadable_rows_do_not_gather_in_one_batch() -> None:
    batches = list(build_batches([Record(n, {}, "is not CSV") for n in range(2 * MAX_EVENTS)], MAPPING, RowIds()))
    assert [batch.records for batch in batches] == [MAX_EVENTS, MAX_EVENTS]


def test_an_import_without_anything_new_warns() -> None:
    assert "Warning: nothing new" in format_summary("log.csv", ImportState(duplicates=3), NOTES, "")
    assert "Warning" not in format_summary("log.csv", ImportState(accepted=1, duplicates=3), NOTES, "")


def test_a_state_is_found_again_by_what_is_imported(tmp_path: Path) -> None:
    state = ImportState(records=5, line=6, accepted=4, rejected=1)
    StateFile(tmp_path / "imports", "content", "mapping").save(state)
    assert StateFile(tmp_path / "imports", "content", "mapping").load() == state
    assert StateFile(tmp_path / "imports", "content", "other mapping").load() == ImportState()


def test_a_finished_import_begins_at_the_beginning_next_time(tmp_path: Path) -> None:
    file = StateFile(tmp_path, "content")
    file.save(ImportState(records=5))
    file.clear()
    file.clear()
    assert file.load() == ImportState()


def test_the_period_widens_with_every_batch() -> None:
    state = ImportState().with_days({"2025-01-05"}).with_days({"2025-01-03", "2025-01-04"}).with_days(set())
    assert (state.first_day, state.last_day) == ("2025-01-03", "2025-01-05")
    assert ImportState().with_days(set()) == ImportState()


def test_the_summary_ends_with_the_page_of_the_period() -> None:
    state = ImportState(accepted=1200, duplicates=3, rejected=1, first_day="2015-05-17", last_day="2015-05-20")
    assert format_summary("log.csv", state, NOTES, "http://here") == (
        "log.csv: 1,200 new, 3 known already, 1 rejected.\n"
        "CSV. Ids: the rows' content.\n"
        "http://here/dashboard/guardrails?start=2015-05-17&end=2015-05-20"
    )


def test_the_summary_says_what_came_too_late() -> None:
    """It is rejected, so that new, known and rejected are all rows."""
    state = ImportState(accepted=1200, rejected=10, expired=7, erased=2)
    counts = "1,200 new, 0 known already, 10 rejected (7 older than what is kept and 2 of people who were erased)"
    assert format_summary("log.csv", state, [], "") == f"log.csv: {counts}."


def test_a_period_that_no_page_can_show_is_cut_to_its_last_366_days() -> None:
    state = ImportState(accepted=1, first_day="2010-01-01", last_day="2024-12-31")
    assert format_summary("log.csv", state, NOTES, "").endswith("?start=2024-01-01&end=2024-12-31")
