"""Conversions that do not go with the clicks: hardly any for many clicks, or far more than others have."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, text

from metrics_api.detection.referrers.finding import IN_WINDOW, Finding, Window
from metrics_api.detection.referrers.p_values import (
    Numbers,
    find_discoveries,
    find_too_large_counts,
    find_too_small_counts,
)
from viral_contract.models.referrer_evidence import ReferrerRule

_FEWEST_CLICKS = 20
_FEWEST_EXPECTED = 5
_MOST_TIMES = 3
# Tested is who has a rate to compare with: others with clicks and conversions.
_RATES = text(f"""
    WITH counted AS MATERIALIZED (
        SELECT referrer_id, sum(clicks)::bigint AS clicks, sum(conversions)::bigint AS conversions
        FROM activity_per_referrer_day WHERE {IN_WINDOW} AND referrer_id <> '' GROUP BY referrer_id
    )
    SELECT referrer_id, clicks, conversions, all_clicks - clicks AS others_clicks,
        all_conversions - conversions AS others_conversions
    FROM counted CROSS JOIN (
        SELECT sum(clicks)::bigint AS all_clicks, sum(conversions)::bigint AS all_conversions FROM counted
    ) AS total
    WHERE all_clicks > clicks AND all_conversions > conversions AND (
        clicks >= {_FEWEST_CLICKS}
        OR clicks * (all_conversions - conversions) >= {_FEWEST_EXPECTED} * (all_clicks - clicks)
    )
""")


def find_rates(connection: Connection, window: Window) -> list[Finding]:
    """Every referrer with too few or too many conversions for the clicks."""
    return judge_rates(connection.execute(_RATES, window).all())


def judge_rates(rows: Sequence[Row[Any]]) -> list[Finding]:
    """The referrers whose conversions are too few, then those with too many."""
    columns = ("clicks", "conversions", "others_clicks", "others_conversions")
    clicks, counts, others_clicks, others = (
        np.array([getattr(row, name) for row in rows], dtype=float) for name in columns
    )
    expected = clicks * others / others_clicks
    is_large, has_clicks = expected >= _FEWEST_EXPECTED, clicks >= _FEWEST_CLICKS
    too_few, too_many = find_too_small_counts(counts, expected), find_too_large_counts(counts, expected)
    return [
        *_collect(rows, "clicks_without_conversions", expected, too_few, is_large, is_large),
        *_collect(rows, "too_good", expected, too_many, has_clicks, has_clicks & (counts > _MOST_TIMES * expected)),
    ]


def _collect(
    rows: Sequence[Row[Any]], rule: ReferrerRule, expected: Numbers, p: Numbers, tested: Any, wanted: Any
) -> list[Finding]:
    """Findings for the discoveries among the tested that are wanted, too."""
    is_found = np.zeros(len(rows), dtype=bool)
    is_found[tested] = find_discoveries(p[tested])
    return [
        _format_finding(row, rule, float(row_expected), float(row_p))
        for row, row_expected, row_p, found in zip(rows, expected, p, is_found & wanted, strict=True)
        if found
    ]


def _format_finding(row: Row[Any], rule: ReferrerRule, expected: float, p: float) -> Finding:
    return Finding(
        row.referrer_id,
        rule,
        statistic=row.conversions,
        expected=expected,
        p=p,
        n=row.clicks,
        evidence={
            "clicks": row.clicks,
            "conversions": row.conversions,
            "others_rate": row.others_conversions / row.others_clicks,
        },
    )
