"""How activity by referrer and date adds up, also where a purge has left no names.

The rows without a referrer hold what nobody gets the credit for. On purged dates they hold everybody's activity too:
their invites are of people whose names are gone, and `purged_conversions` are those that somebody got the credit for.
"""

from metrics_api.detection.query import Filter

# Who invited is known of kept dates only; K is made of these columns alone.
SUMS = """
    coalesce(sum(invites), 0)::bigint AS invites,
    coalesce(sum(clicks), 0)::bigint AS clicks,
    coalesce(sum(CASE WHEN referrer_id <> '' THEN conversions ELSE purged_conversions END), 0)::bigint AS conversions,
    coalesce(sum(invites) FILTER (WHERE referrer_id = ''), 0)::bigint AS purged_invites,
    coalesce(sum(purged_conversions), 0)::bigint AS purged_conversions,
    count(DISTINCT referrer_id) FILTER (WHERE invites > 0 AND referrer_id <> '') AS active_users
"""

CAME_THROUGH = "(CAST(:source AS text) IS NULL OR coalesce({person}click_source, {person}source) = :source)"
"""Whether somebody of `user_journeys` came through the loop, as one step of a filter.

That is the loop of the first click; where it names none, the first that anything of the person names.
"""


def build_activity(wanted: Filter) -> str:
    """The rows that the filter leaves, as a table."""
    where = f" WHERE {' AND '.join(wanted.conditions)}" if wanted else ""
    table = "activity_per_referrer_day" if wanted.campaign is None else "activity_per_campaign_day"
    return f"(SELECT * FROM {table}{where}) AS activity"
