"""Bot behaviour: devices that make several clicks within seconds."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.sorting import InvalidSortError, Sorting, SortKey
from metrics_api.db.tables import BURST_SIZES
from metrics_api.detection.case_marks import build_case_filter, format_mark, select_mark
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.query import Query
from metrics_api.detection.quiet import select_quiet
from metrics_api.detection.trusted_bursts import build_bursts, trusting_values
from viral_contract.models.case_marks import CaseFilter
from viral_contract.models.flagged import BotSort, SortOrder
from viral_contract.models.guardrails import BotAnswer, BotLikeDevice, DetectionParams, Verdict

# The span for k clicks is one column, so that every rule "k clicks within s seconds" is one comparison.
_IS_FAST = "{span} <= make_interval(secs => :seconds)"
# Allowed devices are never flagged, denied ones are for any click, and who was judged legitimate is not.
_FOUND_ON_DAYS = f"""
    SELECT device_fingerprint, {{span}} AS fastest FROM ({{bursts}}) AS burst
    WHERE {_IS_FAST} AND device_fingerprint <> ALL(CAST(:allow_device AS text[])) {{loud}}
    UNION ALL
    SELECT device_fingerprint, NULL FROM unnest(CAST(:deny_device AS text[])) AS denied (device_fingerprint)
    WHERE EXISTS (
        SELECT FROM clicks_per_device_day AS fact
        WHERE fact.device_fingerprint = denied.device_fingerprint AND fact.day = ANY(:days))
"""
_IS_LOUD = """AND (device_fingerprint = ANY(CAST(:deny_device AS text[]))
    OR device_fingerprint NOT IN ({quiet}))"""
# Who sees masks finds what masks say: the first characters of a device that has more of them.
_SHOWN = "CASE WHEN length(device_fingerprint) > 6 THEN left(device_fingerprint, 6) ELSE '' END"
_FOUND = "(device_fingerprint = :known OR position(lower(:q) IN lower({shown})) > 0)"
# Each flagged device is looked up by itself, so that the others are not read. The totals are there where no row is.
_ROWS_AND_TOTAL = """
    WITH flagged AS MATERIALIZED ({flagged}), device AS MATERIALIZED (
        SELECT device_fingerprint, fastest, clicked.*,
            device_fingerprint = ANY(CAST(:deny_device AS text[])) AS is_denied
        FROM flagged CROSS JOIN LATERAL (
            SELECT sum(clicks) AS clicks, min(first_click_at) AS first_seen, max(last_click_at) AS last_seen
            FROM clicks_per_device_day AS fact
            WHERE fact.device_fingerprint = flagged.device_fingerprint AND fact.day = ANY(:days)
        ) AS clicked
        WHERE clicks IS NOT NULL
    ), found AS (SELECT * FROM device WHERE {found} AND {case} AND {verdict})
    SELECT counted.*, listed.* FROM (
        SELECT (SELECT count(*) FROM flagged) AS flagged, (SELECT count(*) FROM found) AS total
    ) AS counted LEFT JOIN (
        SELECT * FROM (
            SELECT * FROM (SELECT *, {select} FROM found) AS sorted WHERE {behind} {order_by} LIMIT :fetch
        ) AS page LEFT JOIN LATERAL ({mark}) AS marked ON true
    ) AS listed ON true {order_by}
"""
_KEYS: dict[BotSort, SortKey] = {
    "device": SortKey("device_fingerprint", "text", is_descending=False),
    "clicks": SortKey("clicks", "numeric"),
    "fastest": SortKey("coalesce(fastest, interval '1 day')", "interval", is_descending=False),
    "first_seen": SortKey("first_seen", "timestamptz"),
    "last_seen": SortKey("last_seen", "timestamptz"),
}


def build_sorting(sort: BotSort = "clicks", order: SortOrder | None = None) -> Sorting[BotSort]:
    """The order of the devices, the most clicks first where none is asked for.

    Raises InvalidSortError where devices have no such value.
    """
    if sort not in _KEYS:
        raise InvalidSortError("sort", f"must be one of {', '.join(_KEYS)} without group_by")
    return Sorting("bots", _KEYS, SortKey("device_fingerprint", "text"), sort, order)


def fetch_bots(
    connection: Connection,
    query: Query,
    lists: Lists,
    sorting: Sorting[BotSort] | None = None,
    text_wanted: str | None = None,
    case: CaseFilter | None = None,
    verdict: Verdict | None = None,
) -> BotAnswer:
    """The flagged devices of the period, those that match the text.

    A burst belongs to the date of its last click, also when it began before the period. Clicks from trusted networks
    are left out of it.
    """
    sorting = sorting or build_sorting()
    flagged, rule = flagged_devices(query, lists)
    shown = "device_fingerprint" if query.identifiers.whole else _SHOWN
    statement = _ROWS_AND_TOTAL.format(
        flagged=flagged,
        found=_FOUND.format(shown=shown) if text_wanted else "true",
        verdict=has_verdict(verdict),
        case=build_case_filter("device", "device_fingerprint", case),
        mark=select_mark("device", "page.device_fingerprint"),
        select=sorting.select,
        behind=sorting.build_behind(query.page),
        order_by=sorting.order_by,
    )
    values = {**rule, **sorting.list_values(query.page), **_read_text(text_wanted, query)}
    found = connection.execute(text(statement), values).all()
    return format_bots(found, sorting, query)


def has_verdict(verdict: Verdict | None) -> str:
    """Whether the devices of these answers have the verdict: they are all flagged."""
    return "true" if verdict in (None, "flagged") else "false"


def _read_text(text_wanted: str | None, query: Query) -> dict[str, str | None]:
    """The text, and the device whose reference it is."""
    if text_wanted is None:
        return {}
    named = query.identifiers.references.to_identifier(text_wanted)
    return {"q": text_wanted, "known": None if named == text_wanted else named}


def flagged_devices(query: Query, lists: Lists, *, by_bursts_alone: bool = False) -> tuple[str, dict[str, object]]:
    """The statement that selects every flagged device, and the values it wants.

    Those of denied devices without a burst have no `fastest`. With `by_bursts_alone` what is denied or was judged does
    not matter.
    """
    loud = "" if by_bursts_alone else _IS_LOUD.format(quiet=select_quiet("device"))
    found = _find_on_days(query, lists, loud)
    flagged = f"SELECT device_fingerprint, min(fastest) AS fastest FROM ({found}) AS found GROUP BY device_fingerprint"
    denied = [] if by_bursts_alone else list(lists.deny["device"])
    return flagged, {**_build_values(query, lists), "deny_device": denied}


def flags_of_device(query: Query, lists: Lists) -> tuple[str, dict[str, object]]:
    """The statement that selects something if the device `device` is flagged, as soon as one date is found."""
    loud = _IS_LOUD.format(quiet=select_quiet("device", "AND entity = :device"))
    statement = f"SELECT FROM ({_find_on_days(query, lists, loud)}) AS found WHERE device_fingerprint = :device"
    return statement, {**_build_values(query, lists), "deny_device": list(lists.deny["device"])}


def _find_on_days(query: Query, lists: Lists, loud: str) -> str:
    size = BURST_SIZES[BURST_SIZES.index(query.settings.bot_rapid_click_threshold)]
    span = f"span_{size}"
    candidates = f"fact.day = ANY(:days) AND fact.{_IS_FAST.format(span=span)}"
    return _FOUND_ON_DAYS.format(span=span, bursts=build_bursts(candidates, [size], lists), loud=loud)


def _build_values(query: Query, lists: Lists) -> dict[str, object]:
    return {
        "days": query.period.dates(),
        "seconds": query.settings.bot_rapid_click_window_seconds,
        "now": query.now,
        "allow_device": list(lists.allow["device"]),
        **trusting_values(lists),
    }


def describe_rule(query: Query) -> dict[str, Any]:
    """What every answer says about the rule."""
    return {
        "period": query.period,
        "computed_at": query.now,
        "thresholds": query.used("bot_rapid_click_threshold", "bot_rapid_click_window_seconds"),
        "detection_params": DetectionParams(
            min_clicks=query.settings.bot_rapid_click_threshold,
            time_window_seconds=query.settings.bot_rapid_click_window_seconds,
        ),
    }


def format_bots(found: Sequence[Row[Any]], sorting: Sorting[BotSort], query: Query) -> BotAnswer:
    """The answer for the fetched rows, of which the last may belong to the next page."""
    shown, last = query.page.split([row for row in found if row.device_fingerprint is not None])
    identifiers = query.identifiers
    return BotAnswer(
        **describe_rule(query),
        bot_like_devices=[
            BotLikeDevice(
                device_fingerprint=identifiers.show_device(row.device_fingerprint),
                ref=identifiers.references.to_ref(row.device_fingerprint),
                alias=identifiers.references.to_alias(row.device_fingerprint),
                total_clicks=row.clicks,
                first_seen=row.first_seen,
                last_seen=row.last_seen,
                fastest_seconds=None if row.fastest is None else row.fastest.total_seconds(),
                denied=row.is_denied,
                case=format_mark(row),
            )
            for row in shown
        ],
        total_flagged_devices=found[0].flagged,
        total=found[0].total,
        next_cursor=sorting.format_cursor(identifiers.references, last),
    )
