"""Whose links were clicked from flagged networks, in the order and with the text that was asked for."""

from typing import Any

from sqlalchemy import Connection, text

from metrics_api.db.sorting import Sorting, SortKey
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.networks import FLAGGED, flagging_values
from metrics_api.detection.query import Query
from viral_contract.models.flagged import FraudSort, ReferrerOfNetworks

KEYS: dict[FraudSort, SortKey] = {
    "referrer": SortKey("referrer_id", "text", is_descending=False),
    "networks": SortKey("networks", "bigint"),
    "clicks": SortKey("clicks", "numeric"),
    "days": SortKey("days", "bigint"),
}
TIE = SortKey("referrer_id", "text")

_ANSWER = f"""
    WITH flagged AS MATERIALIZED ({FLAGGED}), referrer AS MATERIALIZED (
        SELECT referrer_id, sum(clicked.clicks) AS clicks, count(DISTINCT ip_address) AS networks,
            count(DISTINCT day) AS days
        FROM flagged CROSS JOIN LATERAL (
            SELECT referrer_id, clicks FROM referrers_per_network_day AS fact
            WHERE fact.day = flagged.day AND fact.ip_address = flagged.ip_address OFFSET 0
        ) AS clicked
        WHERE CAST(:q AS text) IS NULL OR position(lower(:q) IN lower(referrer_id)) > 0 GROUP BY referrer_id
    )
    SELECT counted.*, shown.* FROM (
        SELECT (SELECT count(*) FROM referrer) AS total,
            (SELECT count(DISTINCT ip_address) FROM flagged) AS total_flagged_ips
    ) AS counted LEFT JOIN (
        SELECT page.*, (
            SELECT coalesce(sum(clicks), 0) FROM activity_per_referrer_day AS activity
            WHERE activity.referrer_id = page.referrer_id AND activity.day = ANY(:days)
        ) AS total_clicks
        FROM (
            SELECT * FROM (SELECT *, {{select}} FROM referrer) AS sorted WHERE {{behind}} {{order_by}} LIMIT :fetch
        ) AS page
    ) AS shown ON true {{order_by}}
"""


def fetch_networks_by_referrer(
    connection: Connection,
    query: Query,
    lists: Lists,
    sorting: Sorting[FraudSort],
    *,
    text_wanted: str | None,
) -> dict[str, Any]:
    """A page of referrers, how many match, and the cursor of the next page, as FlaggedAnswer names them."""
    statement = _ANSWER.format(
        select=sorting.select, behind=sorting.build_behind(query.page), order_by=sorting.order_by
    )
    values = {**flagging_values(query, lists), **sorting.list_values(query.page), "q": text_wanted}
    found = connection.execute(text(statement), values).all()
    shown, last = query.page.split([row for row in found if row.referrer_id is not None])
    return {
        "referrers": [ReferrerOfNetworks.model_validate(row, from_attributes=True) for row in shown],
        "total": found[0].total,
        "total_flagged_ips": found[0].total_flagged_ips,
        "next_cursor": sorting.format_cursor(query.identifiers.references, last),
    }
