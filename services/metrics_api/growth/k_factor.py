"""The K-factor: how many conversions each inviting user brings about.

K = invites per inviting user x conversions per invite, the viral coefficient of Skok, D. (2009), "Lessons Learned:
Viral Marketing", with conversions in the place of new users.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import log

from sqlalchemy import Connection, text

from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import EVERYTHING, Filter, Query
from metrics_api.growth.activity import SUMS, build_inviters, build_totals
from metrics_api.growth.clean import THRESHOLDS, Flagged, fetch_flagged
from metrics_api.growth.comparison import fetch_compared_period
from metrics_api.growth.intervals import judge_change, rate_interval, wilson_interval
from viral_contract.models.growth import (
    ComparedK,
    Comparison,
    Culprit,
    FactorEffects,
    GrowthCounts,
    HonestChange,
    KChange,
    KFactorAnswer,
    LoopEffect,
    PreviousCounts,
    Trend,
)
from viral_contract.models.period import Period
from viral_reports.figures import name_loop


def _logarithmic_mean(a: float, b: float) -> float:
    return a if a == b else (a - b) / log(a / b)


def split_product_change(before: tuple[float, float], now: tuple[float, float]) -> tuple[float, float]:
    """How much each of two factors contributed to the change of their product.

    Logarithmic mean Divisia index: Ang, B. W. (2005), Energy Policy 33, 867-871. Where a factor is 0, which has no
    logarithm, each factor's change is weighted by the other's midpoint, which is exact too.
    """
    (first_before, second_before), (first_now, second_now) = before, now
    if min(*before, *now) <= 0:
        first = (first_now - first_before) * (second_now + second_before) / 2
        second = (second_now - second_before) * (first_now + first_before) / 2
        return first, second
    weight = _logarithmic_mean(first_now * second_now, first_before * second_before)
    return weight * log(first_now / first_before), weight * log(second_now / second_before)


# A change up to and including 5 % is no trend.
STABLE_WITHIN = Fraction(5, 100)

NO_CHANGE = KChange(
    total=0,
    verdict="too_few_to_say",
    sample=0,
    invites_per_user_effect=0,
    conversions_per_invite_effect=0,
    loop_effects=[],
)

_COUNTS = f"""
    SELECT counted.*, ({{inviters}}) AS active_users, ({{links_clicked}}) AS links_clicked, (
        SELECT coalesce(json_object_agg(source, conversions), '{{{{}}}}') FROM (
            SELECT source, sum(conversions)::bigint AS conversions FROM {{totals}}
            WHERE day BETWEEN :start AND :end AND has_referrer GROUP BY source HAVING sum(conversions) > 0
        ) AS loop
    ) AS conversions_by_loop
    FROM (SELECT {SUMS} FROM {{totals}} WHERE day BETWEEN :start AND :end) AS counted
"""
_LINKS_CLICKED = """
    SELECT coalesce(sum(items - unopened), 0)::bigint FROM content_per_day
    WHERE kind = 'link' AND day BETWEEN :start AND :end
"""
# Content has no loop: the period's links are counted, those of purged dates as far as they are kept.
_FILTERED_LINKS_CLICKED = """
    SELECT count(*) FROM attribution_links
    WHERE inserted_at >= :first AND inserted_at < :behind AND click_count > 0 AND {conditions}
"""
_OPEN_CASES = text("""
    SELECT count(DISTINCT case_id) FROM case_conversions JOIN cases ON cases.id = case_id
    WHERE day BETWEEN :start AND :end AND is_flagged AND status = 'open'
        AND (CAST(:source AS text) IS NULL OR source = :source)
""")
_MOST_CULPRITS = 3


@dataclass(frozen=True)
class Counts:
    """What was counted in one period; of its purged dates, who invited is no longer known."""

    invites: int
    clicks: int
    conversions: int
    active_users: int
    links_clicked: int
    conversions_by_loop: dict[str, int]
    purged_invites: int = 0
    purged_conversions: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether dates are purged that K would need."""
        return bool(self.purged_invites or self.purged_conversions)

    @property
    def kept_invites(self) -> int:
        """The invites of the kept dates."""
        return self.invites - self.purged_invites

    @property
    def kept_conversions(self) -> int:
        """The conversions of the kept dates."""
        return self.conversions - self.purged_conversions

    @property
    def k_factor(self) -> Fraction:
        """Invites per user times conversions per invite, which is conversions per user; 0 without invites.

        It is of the kept dates alone, so that all it is made of is of the same dates.
        """
        return self.clean_of(0)

    def without(self, suspect: Mapping[str, int]) -> "Counts":
        """The counts without so many suspect conversions of each loop."""
        by_loop = {loop: count - suspect.get(loop, 0) for loop, count in self.conversions_by_loop.items()}
        return replace(self, conversions=self.conversions - sum(suspect.values()), conversions_by_loop=by_loop)

    def clean_of(self, suspect: int) -> Fraction:
        """K without so many suspect conversions."""
        return ratio(self.kept_conversions - suspect, self.active_users) if self.kept_invites else Fraction(0)


@dataclass(frozen=True)
class Compared:
    """The counts of some dates, and of as many dates of the period before."""

    period: Period
    now: Counts
    before: Counts

    def format(self, previous: Period) -> ComparedK:
        """Which dates these are, the first ones of the `previous` period among them."""
        return ComparedK(
            period=self.period,
            previous_period=previous.first_days(self.period.days),
            k_factor=float(self.now.k_factor),
            previous_k_factor=float(self.before.k_factor),
        )


@dataclass(frozen=True)
class FlaggedOfBoth:
    """What the guardrails flag of a period, and of the one that it is compared with."""

    now: Flagged
    before: Flagged


def ratio(numerator: int, denominator: int) -> Fraction:
    """The exact ratio; 0 where the denominator is 0."""
    return Fraction(numerator, denominator) if denominator else Fraction(0)


def fetch_k_factor(connection: Connection, query: Query, comparison: Comparison = "previous") -> KFactorAnswer:
    """The K-factor of the period, of the one it is compared with, and without what the guardrails flag."""
    previous = fetch_compared_period(connection, query.period, comparison, query.settings.term_ends)
    now, before = (fetch_counts(connection, each, query.filter) for each in (query.period, previous))
    lists, earlier = fetch_active_lists(connection, query), replace(query, period=previous)
    flagged = FlaggedOfBoth(fetch_flagged(connection, query, lists), fetch_flagged(connection, earlier, lists))
    compared = fetch_compared(connection, query, now, before, previous)
    cases = count_open_cases(connection, compared.period, query.filter) if compared else 0
    return format_k_factor(now, before, flagged, query, compared, previous, cases)


def count_open_cases(connection: Connection, period: Period, wanted: Filter) -> int:
    """The open cases that leave conversions of the period out of K clean."""
    given = {"start": period.start, "end": period.end, "source": wanted.source}
    return int(connection.execute(_OPEN_CASES, given).scalar_one())


def fetch_compared(
    connection: Connection, query: Query, now: Counts, before: Counts, previous: Period
) -> Compared | None:
    """The counts that are alike: of the dates that are over, and of as many dates of the `previous` period."""
    period = query.period
    if period.is_over(now=query.now):
        compared = Compared(period, now, before)
    elif period.days == 1:
        return None
    else:
        over = period.first_days(period.days - 1)
        earlier = fetch_counts(connection, previous.first_days(over.days), query.filter)
        compared = Compared(over, fetch_counts(connection, over, query.filter), earlier)
        if not compared.now.invites:
            return None
    return None if compared.now.is_partial or compared.before.is_partial else compared


def fetch_counts(connection: Connection, period: Period, wanted: Filter = EVERYTHING) -> Counts:
    """What was counted in the period."""
    links = _FILTERED_LINKS_CLICKED.format(conditions=" AND ".join(wanted.conditions)) if wanted else _LINKS_CLICKED
    statement = _COUNTS.format(totals=build_totals(wanted), inviters=build_inviters(wanted), links_clicked=links)
    values = {"start": period.start, "end": period.end, "first": period.begins_at, "behind": period.ends_before}
    return Counts(**connection.execute(text(statement), {**values, **wanted.values}).one()._mapping)


def format_k_factor(
    now: Counts,
    before: Counts,
    flagged: FlaggedOfBoth,
    query: Query,
    compared: Compared | None,
    previous: Period,
    open_cases: int = 0,
) -> KFactorAnswer:
    """The answer for two periods' counts, what the guardrails flag of each, and the open cases about the first."""
    trend, change_pct = _find_trend(now, before, compared)
    suspect = flagged.now.totals.conversions
    return KFactorAnswer(
        **format_counts(now).model_dump(),
        period=query.period,
        computed_at=query.now,
        previous=PreviousCounts(
            **format_counts(before).model_dump(),
            period=previous,
            k_factor_clean=float(before.clean_of(flagged.before.totals.conversions)),
        ),
        trend=trend,
        change_pct=change_pct,
        compared=compared and compared.format(previous),
        k_factor_clean=float(now.clean_of(suspect)),
        thresholds=query.used(*THRESHOLDS),
        removed_conversions=suspect,
        why=explain_change(compared.now, compared.before) if compared else NO_CHANGE,
        change=split_change(compared, flagged, previous, open_cases) if compared else None,
    )


def split_change(compared: Compared, flagged: FlaggedOfBoth, previous: Period, open_cases: int = 0) -> HonestChange:
    """What of the change of K is honest, explained by factor and loop, and what is flagged, with who is behind it."""
    culprits = flagged.now.by_referrer(compared.period)
    now = compared.now.without(flagged.now.by_loop(compared.period))
    before = compared.before.without(flagged.before.by_loop(previous.first_days(compared.period.days)))
    raw, honest = compared.now.k_factor - compared.before.k_factor, explain_change(now, before)
    return HonestChange(
        raw=float(raw),
        honest=honest.total,
        flagged=float(raw) - honest.total,
        verdict=honest.verdict,
        by_factor=FactorEffects(
            invites_per_user=honest.invites_per_user_effect,
            conversions_per_invite=honest.conversions_per_invite_effect,
        ),
        by_loop=honest.loop_effects,
        k_factor_clean=float(now.k_factor),
        previous_k_factor_clean=float(before.k_factor),
        flagged_conversions=culprits.total(),
        culprits=[
            Culprit(referrer_id=referrer, conversions=count)
            for referrer, count in sorted(culprits.items(), key=lambda each: (-each[1], each[0]))[:_MOST_CULPRITS]
        ],
        total_culprits=len(culprits),
        open_cases=open_cases,
    )


def _find_trend(now: Counts, before: Counts, compared: Compared | None) -> tuple[Trend, float | None]:
    """The trend of what is compared; where nothing is, only what begins at 0 has one."""
    if compared:
        return compare_k(compared.now, compared.before)
    return ("stable", None) if before.k_factor else compare_k(now, before)


def format_counts(counts: Counts) -> GrowthCounts:
    """The counts with the ratios that follow from them."""
    return GrowthCounts(
        k_factor=float(counts.k_factor),
        active_users=counts.active_users,
        total_invites=counts.invites,
        total_clicks=counts.clicks,
        total_conversions=counts.conversions,
        avg_invites_per_user=float(ratio(counts.kept_invites, counts.active_users)),
        conversions_per_invite=float(ratio(counts.kept_conversions, counts.kept_invites)),
        conversion_rate=float(ratio(counts.conversions, counts.clicks)),
        viral_links_created=counts.invites,
        viral_links_clicked=counts.links_clicked,
        k_factor_interval=rate_interval(counts.kept_conversions, counts.active_users),
        conversion_rate_interval=wilson_interval(counts.conversions, counts.clicks),
        is_partial=counts.is_partial,
    )


def compare(now: Fraction, before: Fraction) -> tuple[Trend, float | None]:
    """The trend, and the relative change in percent, which has no value after 0."""
    if before == 0:
        return ("up", None) if now > 0 else ("stable", 0.0)
    change = (now - before) / before
    trend: Trend = "stable" if abs(change) <= STABLE_WITHIN else "up" if change > 0 else "down"
    return trend, float(change * 100)


def compare_k(now: Counts, before: Counts) -> tuple[Trend, float | None]:
    """The trend and the relative change of K; stable without a value where one of the two is not wholly known."""
    return ("stable", None) if now.is_partial or before.is_partial else compare(now.k_factor, before.k_factor)


def explain_change(now: Counts, before: Counts) -> KChange:
    """Which factor and which loops moved K, and whether it moved by more than chance."""
    invites, conversions = split_product_change(_factors(before), _factors(now))
    verdict = judge_change(
        rate_interval(now.conversions, now.active_users),
        rate_interval(before.conversions, before.active_users),
        sample=min(now.active_users, before.active_users),
    )
    return KChange(
        total=float(now.k_factor - before.k_factor),
        verdict=verdict,
        sample=min(now.active_users, before.active_users),
        invites_per_user_effect=invites,
        conversions_per_invite_effect=conversions,
        loop_effects=_loop_effects(now, before),
    )


def _factors(counts: Counts) -> tuple[float, float]:
    return float(ratio(counts.invites, counts.active_users)), float(ratio(counts.conversions, counts.invites))


def _loop_effects(now: Counts, before: Counts) -> list[LoopEffect]:
    effects = [
        LoopEffect(source=source, name=name_loop(source), effect=float(_share(now, source) - _share(before, source)))
        for source in sorted(now.conversions_by_loop.keys() | before.conversions_by_loop.keys())
    ]
    return sorted(effects, key=lambda loop: -abs(loop.effect))


def _share(counts: Counts, source: str) -> Fraction:
    return ratio(counts.conversions_by_loop.get(source, 0), counts.active_users) if counts.invites else Fraction(0)
