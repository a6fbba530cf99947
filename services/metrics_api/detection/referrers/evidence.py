"""Collects what the rules find about each referrer, with the conversions that it accuses."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import Query
from metrics_api.detection.referrers.circles import find_circles
from metrics_api.detection.referrers.duplicates import find_duplicates
from metrics_api.detection.referrers.farms import find_farms
from metrics_api.detection.referrers.finding import IN_WINDOW, STRENGTHS, Finding, Window, build_window
from metrics_api.detection.referrers.own_conversions import find_self_referrals
from metrics_api.detection.referrers.rates import find_rates
from metrics_api.detection.referrers.rings import find_rings
from metrics_api.detection.referrers.timing import find_timing

RULES: tuple[Callable[[Connection, Window], list[Finding]], ...] = (
    find_self_referrals,
    find_circles,
    find_duplicates,
    find_farms,
    find_rings,
    find_timing,
    find_rates,
)
_ORDER = {rule: place for place, rule in enumerate(STRENGTHS)}
# A referrer whose only evidence is clicks has no referral.
_CREDITED = text(f"""
    SELECT referrer_id, count(*) AS referrals,
        array_agg(event_id) FILTER (WHERE event_type = 'conversion' AND day < :period_start) AS earlier,
        array_agg(event_id) FILTER (WHERE event_type = 'conversion' AND day >= :period_start) AS in_period
    FROM referrals WHERE referrer_id = ANY(:referrers) AND {IN_WINDOW} GROUP BY referrer_id
""")


@dataclass(frozen=True)
class ReferrerFindings:
    """All findings about one referrer, those that flag first, and its conversions of the window and of the period."""

    referrer_id: str
    findings: Sequence[Finding]
    conversions: frozenset[UUID]
    in_period: frozenset[UUID]

    @property
    def flagged(self) -> frozenset[UUID]:
        """The conversions of the window that rules which flag leave out of clean figures."""
        return frozenset().union(*(each.conversions for each in self.findings if each.strength == "flags"))

    @property
    def flagged_in_period(self) -> int:
        """How many of them are of the period."""
        return len(self.flagged & self.in_period)


def find_referrer_evidence(connection: Connection, query: Query) -> list[ReferrerFindings]:
    """Every referrer about whom a rule finds something in the 8 weeks that end with the period, the worst first.

    Nothing is evidence against a referrer who is allowed.
    """
    lists, by_referrer = fetch_active_lists(connection, query), defaultdict(list)
    window = build_window(query, lists)
    for rule in RULES:
        for finding in rule(connection, window):
            if finding.referrer_id not in lists.allow["referrer"]:
                by_referrer[finding.referrer_id].append(finding)
    given = {**window, "referrers": list(by_referrer), "period_start": query.period.start}
    credited = {row.referrer_id: row for row in connection.execute(_CREDITED, given)}
    return collect_findings(by_referrer, credited)


def collect_findings(
    by_referrer: Mapping[str, Sequence[Finding]], credited: Mapping[str, Row[Any]]
) -> list[ReferrerFindings]:
    """The findings by referrer, most flagged conversions of the period first."""
    found = [_collect(referrer, findings, credited.get(referrer)) for referrer, findings in by_referrer.items()]
    return sorted(found, key=lambda each: (-each.flagged_in_period, each.referrer_id))


def _collect(referrer: str, findings: Sequence[Finding], row: Row[Any] | None) -> ReferrerFindings:
    in_period = frozenset((row and row.in_period) or ())
    conversions = in_period | frozenset((row and row.earlier) or ())
    in_order = sorted(findings, key=lambda finding: _ORDER[finding.rule])
    accusing = [_complete(finding, conversions, row.referrals if row else 0) for finding in in_order]
    return ReferrerFindings(referrer, accusing, conversions, in_period)


def _complete(finding: Finding, conversions: frozenset[UUID], referrals: int) -> Finding:
    """The finding with the conversions that it accuses: all but for duplicates, which name their own."""
    accused = finding.conversions if finding.rule == "duplicate" else conversions
    return replace(finding, n=referrals if finding.n is None else finding.n, conversions=accused)
