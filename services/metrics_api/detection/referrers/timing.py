"""Pairs of a click and what it led to: too many within seconds, as scripts do, or too many late, as claimed clicks are.

A referral follows the last click of its person for its referrer; of several that follow one click the first counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, text

from metrics_api.detection.referrers.finding import IN_WINDOW, Finding, Window
from metrics_api.detection.referrers.p_values import find_discoveries, find_too_large_shares
from viral_contract.models.referrer_evidence import ReferrerRule

_SHARE_FLOOR = 0.01


@dataclass(frozen=True)
class _Test:
    rule: ReferrerRule
    hits: str
    fewest_pairs: int
    fewest_hits: int
    fewest_of_others: int


# Nobody converts within seconds, whatever the others do; what is late depends on them.
TOO_FAST = _Test("too_fast", "under_10_seconds", fewest_pairs=20, fewest_hits=3, fewest_of_others=0)
FLOOD = _Test("flood", "over_1_hour", fewest_pairs=30, fewest_hits=1, fewest_of_others=30)
_PAIRS = text(f"""
    WITH counted AS MATERIALIZED (
        SELECT referrer_id, count(*) AS pairs, count(*) FILTER (WHERE took < interval '10 seconds') AS under_10_seconds,
            count(*) FILTER (WHERE took > interval '1 hour') AS over_1_hour
        FROM (
            SELECT referrer_id, min(occurred_at) - clicked_at AS took FROM referrals
            WHERE {IN_WINDOW} AND clicked_at IS NOT NULL GROUP BY referrer_id, person, clicked_at
        ) AS pair GROUP BY referrer_id
    ), total AS (
        SELECT sum(pairs)::bigint AS all_pairs, sum(under_10_seconds)::bigint AS all_under_10_seconds,
            sum(over_1_hour)::bigint AS all_over_1_hour
        FROM counted
    )
    SELECT counted.*, total.* FROM counted CROSS JOIN total
    WHERE pairs >= {min(TOO_FAST.fewest_pairs, FLOOD.fewest_pairs)}
""")


def find_timing(connection: Connection, window: Window) -> list[Finding]:
    """Every referrer whose pairs took too short or too long."""
    rows = connection.execute(_PAIRS, window).all()
    return [*judge_pairs(rows, TOO_FAST), *judge_pairs(rows, FLOOD)]


def judge_pairs(rows: Sequence[Row[Any]], test: _Test) -> list[Finding]:
    """The referrers with too large a share of such pairs."""
    tested = [
        row for row in rows if row.pairs >= test.fewest_pairs and row.all_pairs - row.pairs >= test.fewest_of_others
    ]
    hits, pairs, all_hits, all_pairs = (
        np.array([getattr(row, name) for row in tested], dtype=float)
        for name in (test.hits, "pairs", f"all_{test.hits}", "all_pairs")
    )
    shares = np.maximum((all_hits - hits) / np.maximum(all_pairs - pairs, 1), _SHARE_FLOOR)
    p_values = find_too_large_shares(hits, pairs, shares)
    is_found = find_discoveries(p_values) & (hits >= test.fewest_hits)
    return [
        _format_finding(row, test, float(share), float(p))
        for row, share, p, found in zip(tested, shares, p_values, is_found, strict=True)
        if found
    ]


def _format_finding(row: Row[Any], test: _Test, expected: float, p: float) -> Finding:
    hits = getattr(row, test.hits)
    return Finding(
        row.referrer_id,
        test.rule,
        statistic=hits / row.pairs,
        expected=expected,
        p=p,
        n=row.pairs,
        evidence={"pairs": row.pairs, test.hits: hits, "others_pairs": row.all_pairs - row.pairs},
    )
