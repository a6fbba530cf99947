"""The types of events in SQL, and which of them count.

A query over every type names them, so that the index on (event_type, occurred_at) finds the events by their time.
"""

from viral_contract.models.events import EVENT_TYPES
from viral_contract.models.traffic import PEOPLE

EVENT_TYPES_SQL = "ARRAY[" + ", ".join(f"'{each}'" for each in EVENT_TYPES) + "]"

_PEOPLE_SQL = ", ".join(f"'{each}'" for each in PEOPLE)
IS_COUNTED = f"(traffic_class IS NULL OR traffic_class IN ({_PEOPLE_SQL}))"
"""Of a row of `attribution_events`: whether it counts, as all do but clicks and visits that no person made.

What is not classified yet counts. Indexes have the same condition.
"""
TRAFFIC_TYPES = ("click", "visit")
"""The types of events that have a class."""
TRAFFIC_TYPES_SQL = str(TRAFFIC_TYPES)
CLICKER = "coalesce(user_id, '')"
"""Whose clicks on a device make a burst; those without a user are one person's."""

USER_AGENT_CHARACTERS = 512
"""How much of a user agent is compared."""
COMPARED_USER_AGENT = f"left(user_agent, {USER_AGENT_CHARACTERS})"
USER_AGENT_KEY = f"hashtextextended({COMPARED_USER_AGENT}, 0)"
"""A short key of a user agent, for indexes; other user agents may have the same."""


def build_pair_key(one: str, other: str) -> str:
    """A short key of two texts in SQL, for indexes; other pairs may have the same."""
    return f"hashtextextended({one}, hashtextextended({other}, 0))"


USER_KEY = "hashtextextended(user_id, 0)"
"""A short key of a user, for indexes; other users may have the same."""
HAS_NO_VALUE = "event_type = 'conversion' AND conversion_value IS NULL"
"""Whether a referral is a conversion for which nobody paid."""
ACTION_KEY = "hashtextextended(device_fingerprint, hashtextextended(link_id, hashtextextended(event_type, 0)))"
"""A short key of what a device did by a link, for indexes; other devices may have the same."""


def build_click_key(one: str, other: str) -> str:
    """That of two parts of a row of `attribution_events`, if it is a click that counts.

    Whether it is belongs to the key, so that no other index than that on it can be used for a look-up.
    """
    return f"CASE WHEN event_type = 'click' AND {IS_COUNTED} THEN {build_pair_key(one, other)} END"
