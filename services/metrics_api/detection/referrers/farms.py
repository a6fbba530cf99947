"""Farms: many converted invitees on few devices and networks, who do not come back. Any two of the three flag.

A class has few networks, a family few devices; neither lacks people who come back.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, text

from metrics_api.detection.referrers.finding import IN_WINDOW, IS_SHARED, SHARED, Finding, Window
from metrics_api.detection.referrers.p_values import find_discoveries, find_too_small_share

_FEWEST = 5
_MOST_DEVICES, _MOST_NETWORKS = 0.5, 0.2
_RETURN_PART = 0.25
_SIGNS_NEEDED = 2

# What is not known about an invitee is no sign: devices are compared with the invitees who have one, and so on.
_INVITEES = text(f"""
    WITH {SHARED}, conversion AS (
        SELECT referrer_id, person, device_fingerprint, active_again,
            CASE WHEN NOT {IS_SHARED} THEN network END AS network
        FROM referrals
        WHERE {IN_WINDOW} AND event_type = 'conversion' AND person IS NOT NULL AND user_id IS DISTINCT FROM referrer_id
    ), counted AS MATERIALIZED (
        SELECT referrer_id, count(DISTINCT person) AS invitees,
            count(DISTINCT person) FILTER (WHERE active_again IS NOT NULL) AS known,
            count(DISTINCT person) FILTER (WHERE active_again) AS active,
            count(DISTINCT person) FILTER (WHERE device_fingerprint IS NOT NULL) AS with_device,
            count(DISTINCT person) FILTER (WHERE network IS NOT NULL) AS with_network,
            count(DISTINCT device_fingerprint) AS devices, count(DISTINCT network) AS networks
        FROM conversion GROUP BY referrer_id
    )
    SELECT counted.*, total.* FROM counted CROSS JOIN (
        SELECT sum(known)::bigint AS all_known, sum(active)::bigint AS all_active FROM counted
    ) AS total WHERE invitees >= {_FEWEST}
""")


def find_farms(connection: Connection, window: Window) -> list[Finding]:
    """Every referrer with two signs of a farm."""
    return format_farms(connection.execute(_INVITEES, window).all())


def format_farms(rows: Sequence[Row[Any]]) -> list[Finding]:
    """The farms among the referrers with enough converted invitees."""
    p_values = np.array([_find_absence(row) for row in rows])
    tested = np.array([row.known >= _FEWEST for row in rows], dtype=bool)
    stays_away = np.zeros(len(rows), dtype=bool)
    stays_away[tested] = find_discoveries(p_values[tested])
    found = []
    for row, p, are_away in zip(rows, p_values, stays_away, strict=True):
        signs = _list_signs(row, are_away=bool(are_away))
        if len(signs) >= _SIGNS_NEEDED:
            found.append(_format_farm(row, float(p), signs))
    return found


def _find_absence(row: Row[Any]) -> float:
    """The p value of how few come back; 1 where they are not fewer than a quarter of what the others' are."""
    others_active, others_known = row.all_active - row.active, row.all_known - row.known
    if not row.known or row.active * others_known >= _RETURN_PART * others_active * row.known:
        return 1.0
    return find_too_small_share(row.active, row.known, others_active, others_known)


def _list_signs(row: Row[Any], *, are_away: bool) -> list[str]:
    signs = {
        "devices": row.with_device >= _FEWEST and row.devices <= _MOST_DEVICES * row.with_device,
        "networks": row.with_network >= _FEWEST and row.networks <= _MOST_NETWORKS * row.with_network,
        "active_again": are_away,
    }
    return [name for name, holds in signs.items() if holds]


def _format_farm(row: Row[Any], p: float, signs: list[str]) -> Finding:
    others_known = row.all_known - row.known
    return Finding(
        row.referrer_id,
        "farm",
        statistic=len(signs),
        expected=_SIGNS_NEEDED,
        p=p if "active_again" in signs else None,
        n=row.invitees,
        evidence={
            "signs": [*signs],
            "invitees": row.invitees,
            "devices": row.devices,
            "networks": row.networks,
            "invitees_outside_shared_networks": row.with_network,
            "active_again": row.active,
            "active_again_known": row.known,
            "others_active_again_share": (row.all_active - row.active) / others_known if others_known else None,
        },
    )
