"""The card By day: what its chart and its sentences say."""

import json
from datetime import date
from typing import Any

import pytest

from dashboard.growth.by_day import CARD, build_control, fetch_series, find_top
from tests.support.answers import NOW
from tests.unit.dashboard.growth_answers import build_series, build_snapshot
from tests.unit.dashboard.tree import find, rows_of, text_of, walk
from viral_contract.models.period import PeriodQuery
from viral_contract.models.series import LoopDifference, SeriesAnswer, SeriesChange

RISE = SeriesChange(
    start=date(2026, 3, 29),
    end=date(2026, 3, 30),
    peak=date(2026, 3, 30),
    value=260.0,
    expected=100.0,
    z=16.0,
    loops=[LoopDifference(source="buddy_challenge", name="Buddy challenge", difference=150.4)],
)


def draw(series: SeriesAnswer | None = None) -> Any:
    return CARD.build_body(build_snapshot(series=series or build_series()))


def shapes_of(body: Any) -> dict[str, list[str]]:
    """The paths of the picture by their look."""
    (lines,) = find(body, "series-lines")
    paths: dict[str, list[str]] = {}
    for shape in json.loads(getattr(lines, "data-plot"))["shapes"]:
        paths.setdefault(shape["look"], []).append(shape["path"])
    return paths


def test_the_line_stands_over_the_expected_range_and_is_dashed_to_today() -> None:
    paths = shapes_of(draw())
    # The axis ends at 200: 100 is in the middle, 60 and 140 are the limits.
    assert paths["series-band"] == [
        "M0.0 300.0L500.0 300.0L1000.0 300.0L1000.0 700.0L500.0 700.0L0.0 700.0Z",
    ]
    assert paths["series-middle"] == ["M0.0 500.0L500.0 500.0L1000.0 500.0"]
    assert paths["series-line"] == ["M0.0 500.0L500.0 450.0"]
    assert paths["series-line series-unfinished"] == ["M500.0 450.0L1000.0 550.0"]


def test_the_range_is_left_out_where_it_is_unknown() -> None:
    series = build_series(100, 110, 120, 90)
    series.points[1] = series.points[1].model_copy(update={"expected": None, "low": None, "high": None})
    assert [path.count("L") for path in shapes_of(draw(series))["series-band"]] == [1, 3]


def test_days_outside_are_numbered_and_said_in_a_sentence() -> None:
    series = build_series(100, 110, 220, 260, 90, changes=[RISE])
    for at in (2, 3):
        series.points[at].is_change = True
    body = draw(series)
    assert (len(find(body, "series-dot")), text_of(find(body, "series-mark"))) == (2, "1")
    (change,) = find(body, "series-changes")
    assert text_of(change) == (
        "Clicks far above expected, 29–30 Mar 2026   260 on 30 Mar, 100 expected; z = 16.0. Buddy challenge +150 a day."
    )
    assert [part.href for part in walk(change) if hasattr(part, "href")] == [
        "/dashboard/guardrails?start=2026-03-29&end=2026-03-30"
    ]
    (plot,) = find(body, "series-plot")
    assert (plot.role, getattr(plot, "aria-label")) == (
        "img",
        "Clicks of people by day, 27–31 Mar 2026, with the expected range; above it on 29–30 Mar 2026",
    )
    assert "Outside" in text_of(find(body, "series-legend"))


def test_holidays_are_named_once_and_shaded() -> None:
    series = build_series(*[100] * 11)
    for at, name in ((1, "Fall break"), (2, "Fall break"), (9, "Easter")):
        series.points[at].holiday = name
    holidays = find(draw(series), "series-holiday")
    assert [text_of(each) for each in holidays] == ["Fall break", "Easter"]
    assert [each.style for each in holidays] == [
        {"left": "5.00%", "width": "20.00%"},
        {"left": "85.00%", "width": "10.00%"},
    ]


def test_a_hidden_table_says_the_same() -> None:
    rows = rows_of(draw())
    assert rows[0] == ["Date", "Clicks of people", "Expected", "From", "To", "Holiday", "Outside"]
    assert rows[-1] == ["31 Mar", "90 so far", "100", "60", "140", "", ""]


def test_days_before_anything_was_counted_are_left_out() -> None:
    series = build_series(0, 0, 100, 90)
    for at in (0, 1):
        series.points[at] = series.points[at].model_copy(update={"expected": None, "low": None, "high": None})
    assert [row[0] for row in rows_of(draw(series))[1:]] == ["30 Mar", "31 Mar"]


def test_a_share_is_in_percent() -> None:
    series = build_series(0.1, 0.12, metric="filtered_share")
    for point in series.points:
        point.expected, point.low, point.high = 0.2, 0.1, 0.3
    body = draw(series)
    assert [text_of(level) for level in find(body, "series-level")] == ["0%", "10%", "20%", "30%", "40%"]
    assert rows_of(body)[1][1:5] == ["10%", "20%", "10%", "30%"]


def test_nothing_yet_is_said_in_a_sentence() -> None:
    series = build_series(0, 0, metric="signups")
    assert "Nothing to show of signups yet." in text_of(draw(series))


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (3, 4), (140, 200), (891, 1000), (0.3, 0.4), (1000, 1000), (1001, 2000)]
)
def test_the_axis_ends_at_a_round_value(most: float, top: float) -> None:
    assert find_top(most) == pytest.approx(top)


class Asked:
    """Notes what the API is asked for."""

    def fetch_series(self, **query: object) -> dict[str, object]:
        return query


@pytest.mark.parametrize(
    ("period", "chosen", "asked"),
    [
        ({"start": "2026-03-25", "end": "2026-03-31"}, {}, ("clicks", "2026-02-04", "2026-03-31")),
        ({"start": "2026-01-01", "end": "2026-03-31"}, {"metric": "invites"}, ("invites", "2026-01-01", "2026-03-31")),
        ({"start": "2026-03-31", "end": "2026-03-31"}, {"metric": "x"}, ("clicks", "2026-02-04", "2026-03-31")),
    ],
)
def test_at_least_8_weeks_are_shown(period: dict[str, Any], chosen: dict[str, str], asked: tuple[str, ...]) -> None:
    query: Any = fetch_series(Asked(), PeriodQuery(**period), chosen)  # type: ignore[arg-type]
    assert (query["metric"], query["start"], query["end"]) == asked


def test_the_figures_stand_beside_the_way_to_the_calendar() -> None:
    control = build_control()
    assert [part.href for part in walk(control) if hasattr(part, "href")] == ["/dashboard/calendar"]
    assert NOW.date() == build_series().points[-1].date
