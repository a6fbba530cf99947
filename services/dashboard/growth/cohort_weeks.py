"""Weeks of signups in words, for the cards of honest K."""

from collections.abc import Mapping
from datetime import timedelta

from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cohort_k import CohortK, CohortKAnswer, CohortKHeadline
from viral_contract.models.period import Period, PeriodQuery
from viral_reports.dates import format_day_of_year, format_period
from viral_reports.figures import format_k

_WEEK = timedelta(days=7)


def fetch_cohort_k(api: MetricsApi, period: PeriodQuery, part: Mapping[str, str] | None = None) -> CohortKAnswer:
    """Cohort K as of the end of the period, whatever its length, of the part that the filters leave."""
    return api.fetch_cohort_k(**({"end": period.end.isoformat()} if period.end else {}), **(part or {}))


def skip_empty_start(cohorts: list[CohortK]) -> list[CohortK]:
    """The weeks from the first one with users on."""
    first = next((at for at, cohort in enumerate(cohorts) if cohort.users), len(cohorts))
    return cohorts[first:]


def format_weeks(headline: CohortKHeadline) -> str:
    """The dates of the headline: "5 Oct – 1 Nov"."""
    if headline.first_day.year == headline.last_day.year:
        return f"{format_day_of_year(headline.first_day)} – {format_day_of_year(headline.last_day)}"
    return format_period(Period.between(headline.first_day, headline.last_day))


def format_matures(answer: CohortKAnswer) -> str:
    """When there will be an honest K: "From 28 Dec: the first signups need 28 days"."""
    weeks = skip_empty_start(answer.cohorts)
    if not weeks:
        return f"No signups in the {len(answer.cohorts)} weeks to {format_day_of_year(answer.end)}"
    matures = weeks[0].week_start + _WEEK + timedelta(days=answer.days)
    return f"From {format_day_of_year(matures)}: the first signups need {answer.days} days"


def format_figure(answer: CohortKAnswer | None) -> tuple[str, str]:
    """Honest K in one figure, with its interval and the verdict on its change as a note."""
    if answer is None:
        return "–", "not available"
    headline = answer.headline
    if headline is None:
        return "–", format_matures(answer)
    interval = headline.interval
    said = [f"95%: {format_k(interval.low)}–{format_k(interval.high)}"] if interval else []
    return format_k(headline.k_cohort), " · ".join([*said, _format_verdict(headline)])


def _format_verdict(headline: CohortKHeadline) -> str:
    if headline.previous is None or headline.verdict == "too_few_to_say":
        return "too few users to compare"
    before = f"from {format_k(headline.previous.k_cohort)}"
    return f"no clear change {before}" if headline.verdict == "no_clear_change" else f"{headline.verdict} {before}"
