"""How new events change what is known of each person: first times, who brought them, and the way from the first click.

The way is a chain: a step counts at its first time at or after the step before it, whatever the person did earlier.
What follows from journeys changes by the difference between what they were and what they are, in `changed_journeys`.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, text
from sqlalchemy.sql.elements import TextClause

from metrics_api.db.event_types import IS_COUNTED
from metrics_api.ingest.cycles import CYCLES
from metrics_api.ingest.staging import PERSON


def _state(journey: str) -> str:
    """What facts are made of: the day of the first click, the steps after it, the signup, and the loop."""
    return f"""({journey}.first_click_at AT TIME ZONE 'UTC')::date AS {journey}_day,
        num_nonnulls({journey}.visited_at, {journey}.signed_up_at, {journey}.converted_at, {journey}.activated_at)
            AS {journey}_steps,
        {journey}.first_signup_at AS {journey}_signup_at,
        coalesce({journey}.click_source, {journey}.source, '') AS {journey}_source"""


# What a statement that changes journeys returns: of each the state before and after, where there is one.
_CHANGED = f"""coalesce(new.person, old.person) AS person, {_state("old")}, {_state("new")},
    num_nonnulls(old.first_signup_at, new.first_signup_at) > 0 AND (
        (old.first_signup_at, old.referred_at, old.referrer_id) IS DISTINCT FROM
        (new.first_signup_at, new.referred_at, new.referrer_id)
        OR coalesce(old.click_source, old.source) IS DISTINCT FROM coalesce(new.click_source, new.source)
    ) AS has_moved"""
_KEEP_CHANGED = """
    INSERT INTO changed_journeys SELECT * FROM changed
    WHERE has_moved OR num_nonnulls(old_day, new_day) > 0
        AND (old_day, old_source) IS DISTINCT FROM (new_day, new_source)
"""


FORGET_JOURNEYS = text(f"""
    WITH changed AS (
        DELETE FROM user_journeys WHERE person IN (SELECT person FROM recalled_people) RETURNING {_CHANGED}
    )
    {_KEEP_CHANGED}
""")
_INSERT = """
    INSERT INTO user_journeys AS fact (person, first_click_at, first_visit_at, first_signup_at, first_conversion_at,
        first_activation_at, clicked_by_event, click_source, referred_at, referred_by_event, referrer_id, sourced_at,
        sourced_by_event, source)
    SELECT person, click, visit, signup, conversion, activation, click_event, click_source, referral, referral_event,
        referrer_id, loop, loop_event, source
    FROM first_time
    ORDER BY person
"""
_FIRST_TIMES = """
    first_time AS (
        SELECT person,
            min(occurred_at) FILTER (WHERE event_type = 'click') AS click,
            min(occurred_at) FILTER (WHERE event_type = 'visit') AS visit,
            min(occurred_at) FILTER (WHERE event_type = 'signup') AS signup,
            min(occurred_at) FILTER (WHERE event_type = 'conversion') AS conversion,
            min(occurred_at) FILTER (WHERE event_type = 'activation') AS activation,
            (array_agg(event_id ORDER BY occurred_at, event_id) FILTER (WHERE event_type = 'click'))[1] AS click_event,
            (array_agg(source ORDER BY occurred_at, event_id) FILTER (WHERE event_type = 'click'))[1] AS click_source,
            min(occurred_at) FILTER (WHERE referrer_id IS NOT NULL) AS referral,
            (array_agg(event_id ORDER BY occurred_at, event_id) FILTER (WHERE referrer_id IS NOT NULL))[1]
                AS referral_event,
            (array_agg(referrer_id ORDER BY occurred_at, event_id) FILTER (WHERE referrer_id IS NOT NULL))[1]
                AS referrer_id,
            min(occurred_at) FILTER (WHERE source IS NOT NULL) AS loop,
            (array_agg(event_id ORDER BY occurred_at, event_id) FILTER (WHERE source IS NOT NULL))[1] AS loop_event,
            (array_agg(source ORDER BY occurred_at, event_id) FILTER (WHERE source IS NOT NULL))[1] AS source
        FROM new_events WHERE person IS NOT NULL GROUP BY person
    )
"""
# Columns of first times, each with those of the event that decides what else is known: of several at one time the one
# with the smallest id.
_FIRSTS = {
    "first_click_at": ("clicked_by_event", "click_source"),
    "first_visit_at": (),
    "first_signup_at": (),
    "first_conversion_at": (),
    "first_activation_at": (),
    "referred_at": ("referred_by_event", "referrer_id"),
    "sourced_at": ("sourced_by_event", "source"),
}


def _is_earlier(at: str, columns: Sequence[str]) -> str:
    deciding = (at, *columns[:1])
    new = ", ".join(f"excluded.{column}" for column in deciding)
    known = ", ".join((f"coalesce(fact.{at}, 'infinity')", *(f"fact.{column}" for column in deciding[1:])))
    return f"({new}) < ({known})"


def _first_times_statement() -> TextClause:
    """Keep the first times of the people in `new_events`; journeys in which nothing changes are locked all the same."""
    earlier = {at: _is_earlier(at, columns) for at, columns in _FIRSTS.items()}
    kept = ", ".join(
        f"{column} = CASE WHEN {earlier[at]} THEN excluded.{column} ELSE fact.{column} END"
        for at, columns in _FIRSTS.items()
        for column in (at, *columns)
    )
    return text(f"""
        WITH {_FIRST_TIMES}, changed AS (
            {_INSERT}
            ON CONFLICT (person) DO UPDATE SET {kept} WHERE {" OR ".join(earlier.values())}
            RETURNING {_CHANGED}
        )
        {_KEEP_CHANGED}
    """)


_FUNNEL = """
    step AS (
        SELECT old_day AS day, old_source AS source, old_steps AS steps, -1 AS people FROM changed_journeys
        UNION ALL SELECT new_day, new_source, new_steps, 1 FROM changed_journeys
        UNION ALL SELECT old_day, old_source, old_steps, -1 FROM changed
        UNION ALL SELECT new_day, new_source, new_steps, 1 FROM changed
    ), reached AS (
        SELECT day, source, sum(people) AS clicked, sum(people * (steps > 0)::int) AS visited,
            sum(people * (steps > 1)::int) AS signed_up, sum(people * (steps > 2)::int) AS converted,
            sum(people * (steps > 3)::int) AS activated
        FROM step WHERE day IS NOT NULL GROUP BY day, source
    ), funnel AS (
        INSERT INTO funnel_per_day AS fact (day, source, clicked, visited, signed_up, converted, activated)
        SELECT day, source, clicked, visited, signed_up, converted, activated FROM reached
        WHERE (clicked, visited, signed_up, converted, activated) <> (0, 0, 0, 0, 0) ORDER BY day, source
        ON CONFLICT (day, source) DO UPDATE SET
            clicked = fact.clicked + excluded.clicked, visited = fact.visited + excluded.visited,
            signed_up = fact.signed_up + excluded.signed_up, converted = fact.converted + excluded.converted,
            activated = fact.activated + excluded.activated
    )
"""
# What comes after the click, in its order: the type of the event, and the column of the step.
_CHAIN = {"visit": "visited_at", "signup": "signed_up_at", "conversion": "converted_at", "activation": "activated_at"}


def _steps_statement() -> TextClause:
    """Set the steps of the people in `new_events`, whose journeys are locked and hold their first times.

    First times in order are the steps themselves. Where somebody took a step before the one that leads to it, the next
    time is looked up: one row of the index on people's events, however long the history is. In a statement of its own,
    which sees the first times.

    `OFFSET 0` keeps the planner from writing each step out in all that follow, which made 116 subqueries of 4. The lock
    keeps each journey at its place, so that it is found there rather than by its key again.

    The funnel follows from what both statements changed. A row is returned where cycles may change.
    """
    chain, before = "", "same.first_click_at"
    for event_type, step in _CHAIN.items():
        first = f"same.first_{event_type}_at"
        chain += f"""
            CROSS JOIN LATERAL (SELECT CASE WHEN {first} >= {before} THEN {first} WHEN {first} < {before} THEN (
                SELECT occurred_at FROM attribution_events
                WHERE {PERSON} = same.person AND event_type = '{event_type}' AND occurred_at >= {before}
                    AND {IS_COUNTED}
                ORDER BY occurred_at LIMIT 1) END AS {step} OFFSET 0) AS {event_type}"""
        before = f"{event_type}.{step}"
    new = ", ".join(f"{event_type}.{step}" for event_type, step in _CHAIN.items())
    old = ", ".join(f"fact.{step}" for step in _CHAIN.values())
    return text(f"""
        WITH changed AS (
            UPDATE user_journeys AS fact SET ({", ".join(_CHAIN.values())}) = ROW ({new})
            FROM (SELECT DISTINCT person FROM new_events ORDER BY person) AS active
                JOIN user_journeys AS same USING (person) {chain}
            WHERE fact.ctid = same.ctid AND same.first_click_at IS NOT NULL
                AND ({old}) IS DISTINCT FROM ({new})
            RETURNING {_CHANGED}
        ), {_FUNNEL}
        SELECT 1 FROM changed_journeys WHERE has_moved LIMIT 1
    """)


_STEPS = _steps_statement()


def _fold_steps(connection: Connection) -> None:
    """Set the steps, then the cycles where these may change. Folding must be claimed."""
    if connection.execute(_STEPS).rowcount:
        connection.execute(CYCLES)


# Both must run, in this order, over all that is new of a person, and once in a transaction.
JOURNEYS: tuple[TextClause | Callable[[Connection], None], ...] = (_first_times_statement(), _fold_steps)
