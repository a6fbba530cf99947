"""The fastest bursts of devices without what trusted networks clicked.

The facts, which `ingest/bursts.py` writes, hold the bursts of all clicks, of trusted networks too; they name every
device and date that can be flagged. Where networks are trusted, the clicks of those devices on those dates are looked
through again without theirs.
"""

from collections.abc import Iterable

from metrics_api.db.event_types import CLICKER, IS_COUNTED
from metrics_api.db.tables import MAX_BURST_SECONDS
from metrics_api.detection.entity_lists import Lists

# An attacker chooses how often a device clicks. One with more clicks on a date keeps its bursts unchecked, as no single
# device at a school gets there.
MOST_CHECKED_CLICKS = 2_000
_LONGEST = f"interval '{MAX_BURST_SECONDS} seconds'"


def build_bursts(condition: str, sizes: Iterable[int], lists: Lists) -> str:
    """The statement that selects day, device_fingerprint and `span_<size>` of the facts that meet the condition.

    The condition is on the columns of `fact`. The statement wants the values `trusting_values(lists)`.
    """
    names = [f"span_{size}" for size in sizes]
    if not lists.allow["network"]:
        columns = ", ".join(names)
        return f"SELECT day, device_fingerprint, {columns} FROM bursts_per_device_day AS fact WHERE {condition}"
    spans = ", ".join(f"occurred_at - lag(occurred_at, {size - 1}) OVER clicks AS span_{size}" for size in sizes)
    fastest = ", ".join(
        f"min({name}) FILTER (WHERE occurred_at >= midnight AND {name} <= {_LONGEST}) AS {name}" for name in names
    )
    checked = ", ".join(
        f"CASE WHEN total.clicks > {MOST_CHECKED_CLICKS} THEN fact.{name} ELSE checked.{name} END AS {name}"
        for name in names
    )
    return f"""
        SELECT fact.day, fact.device_fingerprint, {checked}
        FROM bursts_per_device_day AS fact
            JOIN clicks_per_device_day AS total USING (day, device_fingerprint)
            CROSS JOIN LATERAL (SELECT fact.day::timestamp AT TIME ZONE 'UTC' AS midnight) AS date
            CROSS JOIN LATERAL (
                SELECT {fastest} FROM (
                    SELECT occurred_at, {spans} FROM (
                        SELECT occurred_at, ip_address, {CLICKER} AS clicker FROM attribution_events AS event
                        WHERE event.event_type = 'click' AND {IS_COUNTED}
                            AND event.device_fingerprint = fact.device_fingerprint
                            AND total.clicks <= {MOST_CHECKED_CLICKS}
                            AND occurred_at >= midnight - {_LONGEST} AND occurred_at < midnight + interval '1 day'
                        ORDER BY occurred_at DESC LIMIT {2 * MOST_CHECKED_CLICKS}
                    ) AS click
                    WHERE ip_address IS NULL OR NOT ip_address <<= ANY(CAST(:trusted AS inet[]))
                    WINDOW clicks AS (PARTITION BY clicker ORDER BY occurred_at)
                ) AS burst
            ) AS checked
        WHERE {condition}
    """


def trusting_values(lists: Lists) -> dict[str, object]:
    """Whose clicks are left out."""
    return {"trusted": list(lists.allow["network"])} if lists.allow["network"] else {}
