"""The frame of lists: pages, filters and heads that live in the address."""

from typing import Any
from urllib.parse import parse_qsl

import pytest

from dashboard.lists.paging import build_ways, format_showing, read_size
from dashboard.lists.sorted_table import ListColumn, ListRow, build_sorted_table
from dashboard.lists.toolbar import ANY, Choice, Toolbar, label_tabs
from tests.unit.dashboard.tree import find, rows_of, text_of, walk

PATH = "/list"
TABS = Choice("verdict", "Finding", {ANY: "All", "flagged": "Flagged"}, are_tabs=True)


def list_ways(wanted: dict[str, str], cursor: str | None) -> list[dict[str, str] | None]:
    """The addresses of the page before and the next one, None where there is none."""
    links = [getattr(each, "href", None) for each in build_ways(PATH, wanted, cursor, 212)[1:]]
    return [None if href is None else dict(parse_qsl(href.removeprefix(PATH).lstrip("?"))) for href in links]


def test_pages_lead_on_and_back_through_any_number_of_them() -> None:
    wanted: dict[str, str] = {"sort": "days"}
    walked = [wanted]
    for number in range(1, 9):
        before, after = list_ways(wanted, f"cursor-{number}")
        assert before == (walked[-2] if number > 1 else None)
        assert after is not None
        wanted = after
        walked.append(wanted)
    assert (wanted["cursor"], wanted["page"]) == ("cursor-8", "9")
    assert list_ways(wanted, None)[1] is None
    assert text_of(build_ways(PATH, wanted, None, 212)).startswith("Page 9 of 9")


def test_an_address_stays_short_however_far_one_goes() -> None:
    wanted: dict[str, str] = {}
    for number in range(100):
        after = list_ways(wanted, f"cursor-{number}")[1]
        assert after is not None
        wanted = after
    assert len(wanted["trail"].split("~")) == 12
    for _ in range(13):
        before = list_ways(wanted, None)[0]
        assert before is not None
        wanted = before
    assert wanted == {}


@pytest.mark.parametrize("page", ["0", "-1", "x", "٣", "1"])
def test_an_address_that_no_page_wrote_shows_a_page(page: str) -> None:
    assert text_of(build_ways(PATH, {"page": page, "cursor": "a"}, None, 10)).startswith("Page 1 of 1")
    assert text_of(build_ways(PATH, {"page": "7"}, None, 10)).startswith("Page 1 of 1")
    assert read_size({"limit": page}) == 25


@pytest.mark.parametrize(
    ("shown", "total", "before", "said"),
    [
        (25, 212, 0, "Showing 25 of 212  · 187 more"),
        (25, 212, 25, "Showing 25 of 212  · 162 more"),
        (12, 212, 200, "Showing 12 of 212"),
        (1, 1, 0, "Showing 1 of 1"),
    ],
)
def test_it_is_said_what_is_not_shown(shown: int, total: int, before: int, said: str) -> None:
    assert text_of(format_showing(shown, total, before)) == said


def draw(selects: bool = True, **order: Any) -> Any:
    columns = (ListColumn("Name", "name", "asc"), ListColumn("Clicks", "clicks", is_figure=True), ListColumn("Note"))
    rows = [ListRow("ref-1", "one", ("one", "12", "–"))]
    return build_sorted_table("Rows", columns, rows, **{"sort": "clicks", "order": "desc", **order}, selects=selects)


def list_heads(table: Any) -> list[tuple[str | None, dict[str, str]]]:
    heads = [each for each in walk(table) if type(each).__name__ == "Th" and each.scope == "col"]
    buttons = [[part for part in walk(head) if type(part).__name__ == "Button"] for head in heads]
    return [
        (
            getattr(head, "aria-sort", None),
            {name: getattr(each, f"data-{name}", "") for each in button for name in ("sort", "order")},
        )
        for head, button in zip(heads, buttons, strict=True)
    ]


def test_heads_sort_and_say_how_the_rows_are_sorted() -> None:
    assert list_heads(draw(selects=False)) == [
        ("none", {"sort": "name", "order": "asc"}),
        ("descending", {"sort": "clicks", "order": "asc"}),
        (None, {}),
    ]
    assert list_heads(draw(selects=False, order="asc"))[1] == ("ascending", {"sort": "clicks", "order": "desc"})
    assert text_of(find(draw(), "sorted")) == "Clicks ↓"


def test_rows_have_boxes_where_something_can_be_done_with_them() -> None:
    assert [getattr(each, "aria-label") for each in find(draw(), "select-box")] == ["Select page", "Select one"]
    assert rows_of(draw(selects=False)) == [["Name", "Clicks ↓", "Note"], ["one", "12", "–"]]


def test_filters_are_what_differs_from_the_usual() -> None:
    toolbar = Toolbar("Address", (TABS, Choice("loop", "Loop", {ANY: "All"})))
    assert toolbar.defaults == {"q": "", "verdict": ANY, "loop": ANY}
    assert toolbar.find_filters({"q": " ", "verdict": ANY, "other": "x"}) == {}
    filters = toolbar.find_filters({"q": " zz ", "verdict": "flagged"})
    assert filters == {"q": "zz", "verdict": "flagged"}
    assert toolbar.format_filters(filters) == "“zz”, finding Flagged"
    assert toolbar.format_filters({"verdict": "never-heard"}) == "finding never-heard"


def test_tabs_say_how_many_rows_each_has() -> None:
    assert [each["label"] for each in label_tabs(TABS, {ANY: 1234, "flagged": 0})] == ["All 1,234", "Flagged 0"]
    assert [each["label"] for each in label_tabs(TABS, {})] == ["All", "Flagged"]
