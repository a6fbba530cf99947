"""How activity adds up, also where a purge has left no names.

Activity without a referrer is what nobody gets the credit for. On purged dates it is everybody's, too: its invites are
of people whose names are gone, and `purged_conversions` are those that somebody got the credit for.
"""

from typing import Literal

from metrics_api.detection.query import Filter

# Who invited is known of kept dates only; K is made of these columns alone.
SUMS = """
    coalesce(sum(invites), 0)::bigint AS invites,
    coalesce(sum(clicks), 0)::bigint AS clicks,
    coalesce(sum(CASE WHEN has_referrer THEN conversions ELSE purged_conversions END), 0)::bigint AS conversions,
    coalesce(sum(invites) FILTER (WHERE NOT has_referrer), 0)::bigint AS purged_invites,
    coalesce(sum(purged_conversions), 0)::bigint AS purged_conversions
"""


def build_activity(wanted: Filter) -> str:
    """What referrers did of what the filter leaves, as a table."""
    table = "activity_per_referrer_day" if wanted.campaign is None else "activity_per_campaign_day"
    return _build_table(f"SELECT * FROM {table}", wanted)


def build_totals(wanted: Filter) -> str:
    """What the filter leaves of each day and loop, with and without referrers, as a table."""
    if wanted.campaign is None:
        return _build_table("SELECT * FROM activity_per_day", wanted)
    return _build_table("SELECT *, referrer_id <> '' AS has_referrer FROM activity_per_campaign_day", wanted)


def build_active_referrers(wanted: Filter, having: str | None = None) -> str:
    """The statement that counts the period's different active referrers, or those of them who meet the condition."""
    if wanted.campaign is None and having is None:
        loop = ":source" if wanted.source else "''"
        return f"""SELECT coalesce(sum(referrers), 0)::bigint AS referrers FROM active_referrers_per_day
            WHERE source = {loop} AND day BETWEEN :start AND :end AND previous_day < :start"""
    is_active = "invites + clicks + conversions > 0" if wanted.campaign else "is_active"
    return f"""SELECT count(*) AS referrers FROM (
        SELECT DISTINCT referrer_id FROM {build_activity(wanted)}
        WHERE day BETWEEN :start AND :end AND referrer_id <> '' AND {is_active} AND {having or "true"}
    ) AS active"""


def build_conversions(wanted: Filter) -> str:
    """The conversions of referrers by day that the filter leaves, as a table."""
    if wanted.campaign is None:
        loop = ":source" if wanted.source else "''"
        return f"(SELECT * FROM conversions_per_referrer_day WHERE source = {loop}) AS converted"
    return build_activity(wanted)


def _build_table(rows: str, wanted: Filter) -> str:
    where = f" WHERE {' AND '.join(wanted.conditions)}" if wanted else ""
    return f"({rows}{where}) AS activity"


def build_inviters(wanted: Filter, by: Literal["source", "day"] | None = None) -> str:
    """The statement that counts the period's different inviting users, together, of each loop, or of each day."""
    conditions = ["day BETWEEN :start AND :end", *wanted.conditions]
    if wanted.campaign is None:
        counted, table = "coalesce(sum(inviters), 0)::bigint", "inviters_per_day"
        conditions += [] if by == "day" else ["previous_day < :start"]
        conditions += [] if wanted.source else ["source <> ''" if by == "source" else "source = ''"]
    else:
        counted, table = "count(DISTINCT referrer_id)", "activity_per_campaign_day"
        conditions += ["invites > 0", "referrer_id <> ''"]
    columns, grouped = (f"{by}, ", f" GROUP BY {by}") if by else ("", "")
    return f"SELECT {columns}{counted} AS active_users FROM {table} WHERE {' AND '.join(conditions)}{grouped}"
