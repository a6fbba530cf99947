"""Questions that the product and columnar engines answer from the same events, and what must be equal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from viral_contract.models.traffic import PEOPLE

Rows = Sequence[Sequence[Any]]
Answer = Mapping[str, Any]
BOT_CLICKS, BOT_SECONDS, FRAUD_CLICKS, TOP = 3, 5, 10, 50

_COUNTED = f"traffic_class IN {('', *PEOPLE)}"
_DAY = "CAST({} AS DATE)"
_IN_PERIOD = "{} >= '{{begin}}' AND {} < '{{behind}}'"
_EVENTS = f"FROM events WHERE {_COUNTED} AND {_IN_PERIOD.format('occurred_at', 'occurred_at')}"
_LINKS = f"FROM links WHERE {_IN_PERIOD.format('inserted_at', 'inserted_at')}"
_CLICKS = "count(*) FILTER (WHERE event_type = 'click')"
_CONVERSIONS = "count(*) FILTER (WHERE event_type = 'conversion' AND referrer_id <> '')"
_PERSON = """CASE WHEN user_id <> '' THEN concat('user:', user_id) WHEN session_id <> ''
    THEN concat('session:', session_id) ELSE concat('device:', device_fingerprint) END"""
_STEPS = ("visit", "signup", "conversion", "activation")


@dataclass(frozen=True)
class Question:
    """A read, the statements that answer the same, and what of both answers must be equal.

    `differs` says in which respect the statements do less than the read.
    """

    name: str
    path: str
    statements: tuple[str, ...]
    from_rows: Callable[..., Any]
    from_answer: Callable[[Answer], Any]
    differs: str
    checked_by: str = ""
    """Where the read itself answers more than the statements: a query that answers just as much."""
    clickhouse: tuple[str, ...] = ()
    """The statements in ClickHouse's own dialect, where it has none in common with DuckDB."""

    def list_statements(self, engine: str, values: Mapping[str, object]) -> list[str]:
        """The statements for an engine."""
        chosen = self.clickhouse if engine == "ClickHouse" and self.clickhouse else self.statements
        return [statement.format(**values) for statement in chosen]


def list_values(start: date, end: date, today: date) -> dict[str, object]:
    """What the statements ask for: a period, and the weeks that the cohorts of `today` show."""
    midnight = datetime.combine(start, datetime.min.time())
    this_week = today - timedelta(days=today.weekday())
    return {
        "begin": midnight,
        "before": midnight - timedelta(seconds=BOT_SECONDS),
        "behind": datetime.combine(end + timedelta(days=1), datetime.min.time()),
        "first_week": this_week - timedelta(weeks=7),
        "behind_weeks": this_week + timedelta(weeks=1),
    }


def _first(rows: Rows) -> Any:
    return rows[0][0]


def _count_k(links: Rows, events: Rows) -> Any:
    by_loop = {source: conversions for source, _, conversions in events}
    return (*links[0], sum(row[1] for row in events), sum(by_loop.values()))


def _merge(links: Rows, events: Rows) -> Any:
    invited = {str(key): list(counts) for key, *counts in links}
    return {str(key): [*invited.get(str(key), [0, 0]), *counts] for key, *counts in events}


def _count_cohorts(rows: Rows) -> Any:
    found = {(str(week), offset): users for week, offset, users in rows}
    return {week: (users, found.get((week, 1), 0)) for (week, offset), users in found.items() if offset == 0}


def _read_cohorts(answer: Answer) -> Any:
    cohorts = [each for each in answer["cohorts"] if each["users"]]
    return {each["week_start"]: (each["users"], _read_second_week(each)) for each in cohorts}


def _read_second_week(cohort: Answer) -> int | None:
    known = cohort["retention"][1] if len(cohort["retention"]) > 1 else None
    return None if known is None else round(known * cohort["users"])


def same(ours: Any, theirs: Any) -> bool:
    """Whether the two are equal, except for weeks that the product does not tell because they are not over."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list | tuple):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours is None or bool(ours == theirs)


_FUNNEL_OF_PERSON = """
    SELECT count(*), {counted} FROM (
        SELECT {chain} FROM (
            SELECT {person} AS person, {first_click} AS clicked, {lists}
            FROM (SELECT *, {moment} AS moment FROM events WHERE {is_counted}) AS event GROUP BY person
        ) AS known WHERE clicked >= {begin} AND clicked < {behind}
    ) AS way
"""


def _build_funnel(dialect: Mapping[str, str]) -> str:
    """A pass over each person's events: of each step the first time at or after the step before."""
    before, chain, lists, counted = "clicked", ["clicked"], [], []
    for step in _STEPS:
        lists.append(f"{dialect['list'].format(step=step)} AS {step}s")
        chain.append(f"{dialect['next'].format(step=step, before=before)} AS {step}ed")
        counted.append(dialect["count"].format(step=step))
        before = f"{step}ed"
    return _FUNNEL_OF_PERSON.format(
        person=_PERSON,
        is_counted=_COUNTED,
        chain=", ".join(chain),
        lists=", ".join(lists),
        counted=", ".join(counted),
        **{name: dialect[name] for name in ("first_click", "moment", "begin", "behind")},
    )


_DUCKDB = {
    "moment": "epoch_us(occurred_at)",
    "first_click": "min(moment) FILTER (WHERE event_type = 'click')",
    "list": "list(moment) FILTER (WHERE event_type = '{step}')",
    "next": "list_min(list_filter({step}s, lambda moment: moment >= {before}))",
    "count": "count({step}ed)",
    "begin": "epoch_us(TIMESTAMP '{begin}')",
    "behind": "epoch_us(TIMESTAMP '{behind}')",
}
_CLICKHOUSE = {
    "moment": "toUnixTimestamp64Micro(occurred_at)",
    "first_click": "minIf(moment, event_type = 'click')",
    "list": "groupArrayIf(moment, event_type = '{step}')",
    "next": "if({before} = 0, 0, arrayMin(arrayFilter(one -> one >= {before}, {step}s)))",
    "count": "countIf({step}ed > 0)",
    "begin": "toUnixTimestamp64Micro(toDateTime64('{begin}', 6, 'UTC'))",
    "behind": "toUnixTimestamp64Micro(toDateTime64('{behind}', 6, 'UTC'))",
}

_REFERRERS = f"""
    SELECT referrer_id, sum(invited) AS invites, sum(clicked) AS clicks, sum(converted) AS conversions FROM (
        SELECT referrer_id, count(*) AS invited, 0 AS clicked, 0 AS converted {_LINKS} GROUP BY referrer_id
        UNION ALL SELECT referrer_id, 0, {_CLICKS}, {_CONVERSIONS} {_EVENTS} AND referrer_id <> '' GROUP BY referrer_id
    ) AS activity GROUP BY referrer_id HAVING sum(invited + clicked + converted) > 0
    ORDER BY conversions DESC, invites DESC, referrer_id LIMIT {TOP}
"""
_WEEK = "CAST(date_trunc('week', {}) AS DATE)"
_COHORTS = f"""
    SELECT member.week, date_diff('day', member.week, active.week) / 7 AS later, count(*) AS users FROM (
        SELECT user_id, {_WEEK.format("min(occurred_at)")} AS week FROM events
        WHERE event_type = 'signup' AND user_id <> '' GROUP BY user_id
        HAVING min(occurred_at) >= '{{first_week}}' AND min(occurred_at) < '{{behind_weeks}}'
    ) AS member JOIN (
        SELECT DISTINCT user_id, {_WEEK.format("occurred_at")} AS week FROM events
        WHERE user_id <> '' AND {_COUNTED}
    ) AS active ON active.user_id = member.user_id
    WHERE active.week >= member.week GROUP BY member.week, later ORDER BY member.week, later
"""
_SUSPICIOUS = f"""
    SELECT count(DISTINCT ip_address) FROM (
        SELECT {_DAY.format("occurred_at")} AS day, ip_address {_EVENTS}
            AND event_type = 'click' AND ip_address <> '' GROUP BY day, ip_address HAVING count(*) > {FRAUD_CLICKS}
    ) AS busy
"""
_BOTS = f"""
    SELECT count(DISTINCT device_fingerprint) FROM (
        SELECT device_fingerprint, occurred_at, lag(occurred_at, {BOT_CLICKS - 1}) OVER (
            PARTITION BY device_fingerprint, user_id ORDER BY occurred_at) AS burst_began_at
        FROM events WHERE event_type = 'click' AND {_COUNTED} AND device_fingerprint <> ''
            AND occurred_at >= '{{before}}' AND occurred_at < '{{behind}}'
    ) AS click
    WHERE occurred_at >= '{{begin}}' AND occurred_at <= burst_began_at + INTERVAL {BOT_SECONDS} SECOND
"""
_LINK_COUNTS = "count(*), count(DISTINCT referrer_id)"

QUESTIONS = (
    Question(
        "suspicious clicks",
        "/v1/guardrails/fraud",
        (_SUSPICIOUS,),
        _first,
        lambda answer: answer["total_flagged_ips"],
        "without what tells a school from a farm, and without rows",
        checked_by="fraud_rule=plain",
    ),
    Question(
        "bots",
        "/v1/guardrails/bots",
        (_BOTS,),
        _first,
        lambda answer: answer["total_flagged_devices"],
        "without rows",
    ),
    Question(
        "K-factor",
        "/v1/growth/k-factor",
        (f"SELECT {_LINK_COUNTS} {_LINKS}", f"SELECT source, {_CLICKS}, {_CONVERSIONS} {_EVENTS} GROUP BY source"),
        _count_k,
        lambda answer: tuple(
            answer[name] for name in ("total_invites", "active_users", "total_clicks", "total_conversions")
        ),
        "without the period before, K clean and why K changed",
    ),
    Question(
        "loops",
        "/v1/growth/loops",
        (
            f"SELECT source, {_LINK_COUNTS} {_LINKS} GROUP BY source",
            f"SELECT source, {_CLICKS}, {_CONVERSIONS} {_EVENTS} AND source <> '' GROUP BY source",
        ),
        _merge,
        lambda answer: {
            each["source"]: [each[name] for name in ("invites", "active_users", "clicks", "conversions")]
            for each in answer["loops"]
        },
        "without what is flagged",
    ),
    Question(
        "timeline",
        "/v1/growth/timeline",
        (
            f"SELECT {_DAY.format('inserted_at')} AS day, {_LINK_COUNTS} {_LINKS} GROUP BY day",
            f"""SELECT {_DAY.format("occurred_at")} AS day, {_CLICKS}, {_CONVERSIONS},
                count(*) FILTER (WHERE event_type = 'signup') {_EVENTS} GROUP BY day""",
        ),
        _merge,
        lambda answer: {
            each["date"]: [each[name] for name in ("invites", "active_users", "clicks", "conversions", "signups")]
            for each in answer["points"]
        },
        "without what is flagged",
    ),
    Question(
        "top referrers",
        "/v1/growth/referrers",
        (_REFERRERS,),
        lambda rows: [list(row) for row in rows],
        lambda answer: [
            [each[name] for name in ("referrer_id", "invites", "clicks", "conversions")] for each in answer["referrers"]
        ],
        "without what is flagged, cases and how many referrers there are",
    ),
    Question(
        "funnel",
        "/v1/growth/funnel",
        (_build_funnel(_DUCKDB),),
        lambda rows: list(rows[0]),
        lambda answer: [each["count"] for each in answer["steps"]],
        "without invites",
        clickhouse=(_build_funnel(_CLICKHOUSE),),
    ),
    Question(
        "weekly cohorts",
        "/v1/growth/cohorts",
        (_COHORTS,),
        _count_cohorts,
        _read_cohorts,
        "the same",
    ),
)
