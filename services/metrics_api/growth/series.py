"""Figures of growth by day beside what was expected of each day, and the changes among them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from metrics_api.detection.query import EVERYTHING, Filter, Query
from metrics_api.growth.expected import HOLIDAY_WEEKS, Judged, judge_days, list_needed
from metrics_api.growth.measures import Place, fetch_first_day, fetch_measures
from metrics_api.school_calendar.holidays import fetch_holidays
from viral_contract.models.series import LoopDifference, SeriesAnswer, SeriesChange, SeriesMetric, SeriesPoint
from viral_reports.figures import name_loop

_LOOPS_OF_CHANGE = 3
_DAY = timedelta(days=1)
# The day before the first one is judged too.
_FURTHEST_BACK = timedelta(weeks=HOLIDAY_WEEKS) + _DAY


@dataclass(frozen=True)
class JudgedSeries:
    """Days of several series as they were judged, and the holidays among the days."""

    by_place: Mapping[Place, Sequence[Judged]]
    holidays: Mapping[date, str]


def fetch_series(connection: Connection, query: Query, metric: SeriesMetric) -> SeriesAnswer:
    """The metric for each date of the period, of one loop or all."""
    today = query.now.date()
    series = fetch_judged_series(connection, [metric], query.period.dates(), today=today, wanted=query.filter)
    judged = series.by_place[Place(metric, None)]
    loops = {place.source: days for place, days in series.by_place.items() if place.source and not query.filter}
    return SeriesAnswer(
        period=query.period,
        computed_at=query.now,
        metric=metric,
        source=query.filter.source,
        points=[_format_point(each, series.holidays.get(each.day), is_over=each.day < today) for each in judged],
        changes=[format_change(run, loops) for run in find_runs(judged)],
    )


def fetch_judged_series(
    connection: Connection,
    metrics: Collection[SeriesMetric],
    days: Sequence[date],
    *,
    today: date,
    wanted: Filter = EVERYTHING,
) -> JudgedSeries:
    """The days of these metrics, together and of every loop, or of one loop; days before any data are left out."""
    holidays, first = fetch_holidays(connection, days[0] - _FURTHEST_BACK, days[-1]), fetch_first_day(connection)
    needed = [day for day in list_needed(days, holidays) if first is not None and day >= first]
    measures = fetch_measures(connection, metrics, needed, wanted)
    judged = {place: judge_days(values, days, holidays, today=today) for place, values in measures.items()}
    return JudgedSeries(judged, holidays)


def find_runs(judged: Sequence[Judged]) -> list[list[Judged]]:
    """The changes, those in the same direction on days in a row together."""
    runs: list[list[Judged]] = []
    for each in judged:
        if not each.is_change:
            continue
        last = runs[-1][-1] if runs else None
        if last and last.day == each.day - _DAY and last.is_rise == each.is_rise:
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


def find_peak(run: Sequence[Judged]) -> Judged:
    """The day that is furthest from what was expected."""
    return max(run, key=lambda each: abs(each.z or 0))


def format_change(run: Sequence[Judged], loops: Mapping[str, Sequence[Judged]]) -> SeriesChange:
    """The run with its furthest day, and the loops that went the same way most."""
    peak, days = find_peak(run), {each.day for each in run}
    point = _format_point(peak, None, is_over=True)
    differences = [
        LoopDifference(source=source, name=name_loop(source), difference=_find_difference(judged, days))
        for source, judged in loops.items()
    ]
    alike = [each for each in differences if each.difference and (each.difference > 0) == peak.is_rise]
    return SeriesChange(
        start=run[0].day,
        end=run[-1].day,
        peak=peak.day,
        value=point.value,
        expected=point.expected or 0,
        z=peak.z or 0,
        loops=sorted(alike, key=lambda each: (-abs(each.difference), each.source))[:_LOOPS_OF_CHANGE],
    )


def _find_difference(judged: Sequence[Judged], days: Collection[date]) -> float:
    found = [each.measured.count - each.expected.middle for each in judged if each.day in days and each.expected]
    return sum(found) / len(days)


def _format_point(judged: Judged, holiday: str | None, *, is_over: bool) -> SeriesPoint:
    expected, scale = judged.expected, 1.0 if judged.measured.out_of is None else judged.measured.out_of
    known = expected if scale else None
    return SeriesPoint(
        date=judged.day,
        value=judged.measured.value,
        expected=known and known.middle / scale,
        low=known and known.low / scale,
        high=known and known.high / scale,
        holiday=holiday,
        z=judged.z,
        is_over=is_over,
        is_change=judged.is_change,
    )
