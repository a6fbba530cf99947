"""COPPA compliance: the share of parent shares and progress reels without children's personal information.

What counts as a violation is decided when content is written (`pii_scanner.coppa_rule`) and kept as facts. An item
whose violations are all false positives complies; one whose violation was removed stays a violation of its day.
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from metrics_api.detection.content_totals import ContentTotals, fetch_content_totals
from metrics_api.detection.coppa_violations import count_open_violations
from metrics_api.detection.query import Query
from viral_contract.models.guardrails import Compliance, CoppaAnswer

_NOTHING = ContentTotals()


def fetch_coppa(connection: Connection, query: Query) -> CoppaAnswer:
    """The compliance of what was created in the period, by kind and overall."""
    totals = fetch_content_totals(connection, query.period)
    open_violations, not_scanned = count_open_violations(connection, query.period)
    return format_coppa(totals, open_violations, query, not_scanned=not_scanned)


def format_coppa(
    totals: Mapping[str, ContentTotals], open_violations: int, query: Query, *, not_scanned: int = 0
) -> CoppaAnswer:
    """The answer for these totals by kind; where nothing was checked the rate is 1.0."""
    shares, reels = (totals.get(kind, _NOTHING) for kind in ("parent_share", "progress_reel"))
    overall = _rate(shares.checked + reels.checked, shares.violating + reels.violating)
    target = query.settings.coppa_compliance_target
    return CoppaAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used("coppa_compliance_target"),
        parent_shares=_compliance(shares),
        progress_reels=_compliance(reels),
        overall_compliance_rate=overall,
        open_violations=open_violations,
        not_scanned=not_scanned,
        target_rate=target,
        target_met=overall >= target,
    )


def _compliance(totals: ContentTotals) -> Compliance:
    return Compliance(
        total_checked=totals.checked,
        violations_found=totals.violating,
        compliance_rate=_rate(totals.checked, totals.violating),
    )


def _rate(checked: int, violating: int) -> float:
    return (checked - violating) / checked if checked else 1.0
