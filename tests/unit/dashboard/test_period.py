"""The period of a page in its address."""

from datetime import date

import pytest

from dashboard.period import InvalidPeriodError, format_query, format_search, parse_period, read_search, week_until


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (None, {"days": 7}),
        ("", {"days": 7}),
        ("?cursor=abc", {"days": 7}),
        ("?days=14", {"days": 14}),
        ("?days=366&other=1", {"days": 366}),
        ("?days=7&days=30", {"days": 30}),
        ("?start=2015-05-17&end=2015-05-20", {"start": "2015-05-17", "end": "2015-05-20"}),
    ],
)
def test_an_address_names_a_period(search: str | None, expected: dict[str, object]) -> None:
    assert format_query(parse_period(search)) == expected


@pytest.mark.parametrize(
    ("search", "reason"),
    [
        ("?days=0", "^days must be at least 1$"),
        ("?days=367", "^days must be at most 366$"),
        ("?days=soon", "^days must be a whole number$"),
        ("?start=2015-05-17", "start and end must be given together"),
        ("?start=2015-05-20&end=2015-05-17", "is before start"),
        ("?start=2015-05-17&end=2017-05-17", "at most 366"),
        ("?start=17.5.2015&end=2015-05-20", "start must be a date such as"),
        ("?days=7&start=2015-05-17&end=2015-05-20", "not both"),
    ],
)
def test_a_period_that_does_not_exist_is_explained(search: str, reason: str) -> None:
    with pytest.raises(InvalidPeriodError, match=reason):
        parse_period(search)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (None, {}),
        ("?", {}),
        ("?cursor=a%20b&id=7", {"cursor": "a b", "id": "7"}),
        ("?id=1&id=2", {"id": "2"}),
        ("?id=&cursor=x", {"cursor": "x"}),
    ],
)
def test_the_last_value_counts_where_an_address_names_something_twice(
    search: str | None, expected: dict[str, str]
) -> None:
    assert read_search(search) == expected


def test_links_name_the_period_as_the_address_does() -> None:
    for search in ("?days=14", "?start=2015-05-17&end=2015-05-20"):
        assert format_search(parse_period(search)) == search


def test_a_week_includes_its_last_day() -> None:
    assert format_search(week_until(date(2015, 5, 20))) == "?start=2015-05-14&end=2015-05-20"
