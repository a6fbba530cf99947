"""What the alerts on growth say."""

from datetime import date, timedelta

from metrics_api.alerts.growth import describe_k_fall, find_changes
from metrics_api.growth.expected import Expected, Judged, Measured
from metrics_api.growth.k_fall import KFall
from metrics_api.growth.measures import Place
from viral_contract.models.period import Period
from viral_contract.models.series import SeriesMetric

PERIOD = Period.between(date(2026, 11, 24), date(2026, 11, 30))
DAY = PERIOD.start


def judge(count: int, usual: float, *, out_of: int | None = None, day: date = DAY) -> Judged:
    """A change of a day whose comparable days had so many."""
    expected = Expected(usual, 10)
    return Judged(day, Measured(count, out_of), expected, expected.find_z(count), is_change=True)


def place(metric: SeriesMetric = "clicks", source: str | None = None) -> Place:
    return Place(metric, source)


def test_the_furthest_change_is_named_and_the_others_are_counted() -> None:
    later = judge(10, 60.5, day=DAY + timedelta(days=2))
    series = {place(): [judge(900, 412)], place("signups", "parent_share"): [later]}
    finding = find_changes(series, PERIOD)
    assert finding is not None
    assert finding.message == (
        "Clicks far above expected on 24 Nov 2026: 900, 412 expected (z = 48.8). 1 other change in 7 days."
    )
    evidence = finding.evidence
    assert (finding.type, finding.severity, evidence.count, evidence.threshold) == ("growth_change", "medium", 2, 0)
    assert evidence.refs == ["change:clicks::2026-11-24", "change:signups:parent_share:2026-11-26"]
    assert evidence.link == "/dashboard/growth?days=7&panel=by-day&metric=clicks"
    row = evidence.rows[1]
    assert (row.label, row.metric, row.source, row.unit) == (
        "Signups, Parent share",
        "signups",
        "parent_share",
        "signups",
    )
    assert (row.day, row.value, row.expected, row.z) == (DAY + timedelta(days=2), 10, 60.5, -5.05)


def test_a_loop_and_a_share_are_named() -> None:
    finding = find_changes({place("filtered_share", "parent_share"): [judge(5, 60, out_of=100)]}, PERIOD)
    assert finding is not None
    assert finding.message == (
        "Filtered share of Parent share far below expected on 24 Nov 2026: 5.0%, 60.0% expected (z = −5.5)."
    )


def test_days_that_are_no_change_and_clicks_without_a_loop_open_nothing() -> None:
    quiet = Judged(DAY, Measured(1), None, None)
    assert find_changes({place(): [quiet], place("clicks", ""): [judge(900, 412)]}, PERIOD) is None


def test_a_fall_of_k_names_the_week_and_both_values() -> None:
    week = Period.between(date(2026, 10, 19), date(2026, 10, 25))
    finding = describe_k_fall(KFall(week, 526, 121, 231.44, 7, -6.2), PERIOD)
    assert finding is not None
    assert finding.message == (
        "Honest K fell to 0.23, from 0.44 of the 7 weeks before: 526 users who signed up on 19–25 Oct 2026 brought "
        "121 signups within 28 days, 231 expected."
    )
    (row,) = finding.evidence.rows
    assert (row.value, row.expected, row.z, row.ref) == (121, 231.44, -6.2, "cohort:2026-10-19")
    assert describe_k_fall(None, PERIOD) is None
