"""How many different referrers did something: by the day on which they did, and the last day before on which they did.

Of a period, those are different whose previous day lies before it, so that nobody's days are read to count them. A loop
counts its own days; under no loop are those of all together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from metrics_api.db.advisory_locks import AdvisoryLock

NEVER = "DATE '0001-01-01'"
"""The previous day where there is none."""


@dataclass(frozen=True)
class _Counted:
    """A fact: its table and column, and when a row of `activity_per_referrer_day` counts, before and after a change."""

    table: str
    column: str
    is_met: str
    was_met: str
    is_now_met: str

    def build(self, statement: str, **parts: str) -> str:
        """A statement about this fact; names of common table expressions begin with the column."""
        return statement.format(**self.__dict__, **parts)


INVITERS = _Counted("inviters_per_day", "inviters", "invites > 0", "before > 0", "after > 0")
ACTIVE = _Counted("active_referrers_per_day", "referrers", "is_active", "was_active", "is_active")
_FACTS = (INVITERS, ACTIVE)
_COUNT = f"""
    INSERT INTO {{table}} (source, day, previous_day, {{column}})
    SELECT source, day, coalesce(previous_day, {NEVER}), count(*) FROM (
        SELECT source, day, lag(day) OVER (PARTITION BY source, referrer_id ORDER BY day) AS previous_day
        FROM (
            SELECT source, referrer_id, day FROM activity_per_referrer_day WHERE {{is_met}} AND referrer_id <> ''
            UNION SELECT '', referrer_id, day FROM activity_per_referrer_day WHERE {{is_met}} AND referrer_id <> ''
        ) AS met
    ) AS meeting GROUP BY 1, 2, 3
"""
COUNT_AGAIN = tuple(fact.build(statement) for fact in _FACTS for statement in ("DELETE FROM {table}", _COUNT))
"""The statements that make the facts from activity."""

_MET = """FROM activity_per_referrer_day AS known WHERE known.referrer_id = turning.referrer_id
    AND known.{is_met} AND turning.source IN ('', known.source)"""
# All days from the one before the first that turned to the one behind the last, with who had met it and who has now.
_FOLD = f"""
    {{column}}_turned AS (
        SELECT source, referrer_id, day, {{is_now_met}} AS meets FROM {{changed}}
        WHERE ({{was_met}}) <> ({{is_now_met}}) AND referrer_id <> ''
    ), {{column}}_together AS MATERIALIZED (
        SELECT referrer_id, day, sum(CASE WHEN meets THEN 1 ELSE -1 END) AS more, (
            SELECT count(*) FROM activity_per_referrer_day AS known
            WHERE known.referrer_id = turned.referrer_id AND known.day = turned.day AND known.{{is_met}}
        ) AS loops
        FROM {{column}}_turned AS turned GROUP BY referrer_id, day
    ), {{column}}_step AS (
        SELECT source, referrer_id, day, meets FROM {{column}}_turned WHERE source <> ''
        UNION ALL
        SELECT '', referrer_id, day, loops = 0 FROM {{column}}_together WHERE (loops > 0) <> (loops + more > 0)
    ), {{column}}_turning AS (
        SELECT source, referrer_id, min(day) AS first, max(day) AS last FROM {{column}}_step
        GROUP BY source, referrer_id
    ), {{column}}_known AS (
        SELECT source, referrer_id, around.day FROM {{column}}_turning AS turning CROSS JOIN LATERAL (
            SELECT max(day) AS day {_MET} AND day < first
            UNION ALL SELECT min(day) {_MET} AND day > last
            UNION ALL SELECT day {_MET} AND day > first AND day < last AND first < last
        ) AS around WHERE around.day IS NOT NULL
    ), {{column}}_counted AS (
        SELECT source, day, met, meets,
            max(day) FILTER (WHERE met) OVER earlier AS had_met_on,
            max(day) FILTER (WHERE meets) OVER earlier AS has_met_on
        FROM (
            SELECT source, referrer_id, day, bool_and(met) AS met, bool_and(meets) AS meets FROM (
                SELECT source, referrer_id, day, NOT meets AS met, meets FROM {{column}}_step
                UNION ALL SELECT source, referrer_id, day, true, true FROM {{column}}_known
            ) AS each GROUP BY source, referrer_id, day
        ) AS days
        WINDOW earlier AS (
            PARTITION BY source, referrer_id ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), {{column}}_folded AS (
        INSERT INTO {{table}} AS fact (source, day, previous_day, {{column}})
        SELECT source, day, coalesce(previous_day, {NEVER}), sum(change) FROM (
            SELECT source, day, had_met_on AS previous_day, -1 AS change FROM {{column}}_counted WHERE met
            UNION ALL
            SELECT source, day, has_met_on, 1 FROM {{column}}_counted WHERE meets
        ) AS changes GROUP BY 1, 2, 3 HAVING sum(change) <> 0 ORDER BY 1, 2, 3
        ON CONFLICT (source, day, previous_day) DO UPDATE SET {{column}} = fact.{{column}} + excluded.{{column}}
    )
"""
_PURGE = f"""
    WITH purged AS (
        DELETE FROM {{table}} WHERE day < :cutoff
    ), first AS (
        DELETE FROM {{table}}
        WHERE day >= :cutoff AND previous_day < :cutoff AND previous_day > {NEVER} RETURNING *
    )
    INSERT INTO {{table}} AS fact (source, day, previous_day, {{column}})
    SELECT source, day, {NEVER}, sum({{column}}) FROM first GROUP BY source, day
    ON CONFLICT (source, day, previous_day) DO UPDATE SET {{column}} = fact.{{column}} + excluded.{{column}}
"""
_PURGES = tuple(text(fact.build(_PURGE)) for fact in _FACTS)
CHANGES = """fact.source, fact.referrer_id, fact.day, coalesce(old.invites, 0) AS before, new.invites AS after,
    coalesce(old.is_active, false) AS was_active, new.is_active"""
"""What a fold wants returned of activity that is inserted or updated as `fact`."""
LOCK_DAYS_OF_REFERRERS = text(f"SELECT pg_advisory_xact_lock({AdvisoryLock.DAYS_OF_REFERRERS})")
"""Lets no one else change which referrers did something on which day until this transaction ends."""


def build_fold(changed: str, facts: Sequence[_Counted] = _FACTS) -> str:
    """Common table expressions for those who began or ceased to have done something on a day.

    `changed` is the table of CHANGES. Activity is read as it was before the statement.
    """
    return ", ".join(fact.build(_FOLD, changed=changed) for fact in facts)


def forget_days(connection: Connection, which: str, value: object) -> None:
    """Forget what is in some rows of `activity_per_referrer_day`, before they are deleted; `which` wants `:value`."""
    gone = f"""SELECT source, referrer_id, day, invites AS before, 0 AS after, is_active AS was_active,
        false AS is_active FROM activity_per_referrer_day WHERE {which}"""
    connection.execute(text(f"WITH gone AS ({gone}), {build_fold('gone')} SELECT 1"), {"value": value})


def purge_days_of_referrers(connection: Connection, cutoff: date) -> None:
    """Forget what was done before the date; wants the lock."""
    for statement in _PURGES:
        connection.execute(statement, {"cutoff": cutoff})
