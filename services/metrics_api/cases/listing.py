"""Lists cases: by what is at stake, or the newest first; only stored rows are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import Identifiers
from metrics_api.db.paging import Page, encode_cursor
from metrics_api.detection.referrers.answer import show_evidence
from metrics_api.growth.intervals import wilson_interval
from viral_contract.models.cases import (
    Case,
    CaseCounts,
    CaseKind,
    CaseOrder,
    CaseRule,
    CasesAnswer,
    CaseStatus,
    Decision,
    Decisions,
    Stake,
)
from viral_contract.models.period import Period
from viral_contract.models.referrer_evidence import Strength

CURSOR = "cases"
_STORED = """
    SELECT cases.*, (SELECT max(id) FROM case_verdicts WHERE case_id = cases.id AND undone_at IS NULL) AS verdict_id
    FROM cases WHERE
"""
_ORDERS: dict[CaseOrder, dict[str, str]] = {
    "stake": {"conversions": "bigint", "clicks": "bigint", "id": "bigint"},
    "newest": {"status_at": "timestamptz", "id": "bigint"},
}
"""The columns with their types, the highest first."""
# Those at stake in one case, whose numbers are negative, are added up; of the others each number counts once.
_TOTALS = """
    WITH matching AS (SELECT id, clicks FROM cases WHERE {condition}), counted AS (
        SELECT greatest(stake, 0) AS number, sum(conversions::int) AS alone,
            coalesce(sum(conversions::int) FILTER (WHERE is_flagged), 0) AS flagged_alone,
            max(conversions) AS together, bool_or(is_flagged) AS is_flagged
        FROM case_stakes JOIN matching ON id = case_id GROUP BY number
    )
    SELECT by_status.*, matched.*, at_stake.*, decided.* FROM (
        SELECT (SELECT count(*) FROM cases WHERE status = 'open') AS open,
            (SELECT count(*) FROM cases WHERE status = 'decided') AS decided,
            (SELECT count(*) FROM cases WHERE status = 'closed') AS closed
    ) AS by_status CROSS JOIN (
        SELECT count(*) AS total, coalesce(sum(clicks), 0)::bigint AS clicks FROM matching
    ) AS matched CROSS JOIN (
        SELECT coalesce(sum(CASE number WHEN 0 THEN alone ELSE together END), 0)::bigint AS conversions,
            coalesce(sum(CASE WHEN number = 0 THEN flagged_alone WHEN is_flagged THEN together END), 0)::bigint
                AS flagged
        FROM counted
    ) AS at_stake CROSS JOIN (
        SELECT count(*) FILTER (WHERE verdict = 'fraud') AS fraud,
            count(*) FILTER (WHERE verdict = 'legitimate') AS legitimate,
            count(*) FILTER (WHERE verdict = 'unsure') AS unsure
        FROM cases WHERE decided_at >= :recent
    ) AS decided
"""
_ONE = text(f"{_STORED} id = :id")
_SOME = text(f"{_STORED} id = ANY(:ids) ORDER BY id")
_MASKED: tuple[CaseKind, ...] = ("device", "network")
_LONGEST_ID = 18
_RECENT = timedelta(days=30)
_SHOWN = ("id", "kind", "source", "rules", "strength", "status", "verdict", "first_seen", "last_seen", "opened_at")
Condition = tuple[str, dict[str, Any]]
"""Of rows of `cases` in SQL, and the values that it wants."""


@dataclass(frozen=True)
class Wanted:
    """Which cases are asked for, and in which order."""

    status: CaseStatus = "open"
    rule: CaseRule | None = None
    kind: CaseKind | None = None
    strength: Strength | None = None
    source: str | None = None
    q: str | None = None
    order: CaseOrder = "stake"
    seen: Period | None = None

    def build_condition(self, identifiers: Identifiers) -> Condition:
        """The filter in SQL."""
        given = {"status": self.status, "kind": self.kind, "strength": self.strength, "source": self.source}
        values: dict[str, Any] = {name: value for name, value in given.items() if value}
        met = [f"{name} = :{name}" for name in values]
        if self.rule:
            met.append("rules @> ARRAY[CAST(:rule AS text)]")
            values["rule"] = self.rule
        if self.seen:
            met.append("first_seen < :ends_before AND last_seen >= :begins_at")
            values |= {"begins_at": self.seen.begins_at, "ends_before": self.seen.ends_before}
        if self.q:
            is_match, asked = _match(self.q, identifiers)
            met.append(is_match)
            values |= asked
        return " AND ".join(met), values


def _match(given: str, identifiers: Identifiers) -> Condition:
    """Cases with this id, with the entity behind this ref, or with a part of the entity.

    Of a masked entity a part would tell what the mask hides.
    """
    is_part = "position(lower(:q) IN lower(entity)) > 0"
    matches = [is_part if identifiers.whole else f"{is_part} AND NOT kind = ANY(:masked)"]
    values: dict[str, Any] = {"q": given, "masked": list(_MASKED)}
    identifier = identifiers.references.to_identifier(given)
    if identifier != given:
        matches.append("entity = :identifier")
        values["identifier"] = identifier
    if given.isdecimal() and len(given) <= _LONGEST_ID:
        matches.append("id = :id")
        values["id"] = int(given)
    return f"({' OR '.join(matches)})", values


def find_cases(connection: Connection, q: str, identifiers: Identifiers, *, most: int) -> list[Case]:
    """The newest cases of any status that match the text."""
    is_match, values = _match(q, identifiers)
    found = text(f"{_STORED} {is_match} ORDER BY id DESC LIMIT :most")
    return [format_case(row, identifiers) for row in connection.execute(found, {**values, "most": most})]


def fetch_cases(
    connection: Connection, wanted: Wanted, page: Page, identifiers: Identifiers, *, now: datetime
) -> CasesAnswer:
    """A page of cases, with counts of all and the stake of those that match."""
    condition, values = wanted.build_condition(identifiers)
    shown, last = page.split(_fetch_page(connection, wanted.order, page, condition, values))
    totals = connection.execute(text(_TOTALS.format(condition=condition)), {**values, "recent": now - _RECENT}).one()
    key = last and [getattr(last, column) for column in _ORDERS[wanted.order]]
    return CasesAnswer(
        cases=[format_case(row, identifiers) for row in shown],
        total=totals.total,
        counts=CaseCounts(open=totals.open, decided=totals.decided, closed=totals.closed),
        stake=Stake(clicks=totals.clicks, conversions=totals.conversions),
        flagged_conversions=totals.flagged,
        decisions=_format_decisions(totals),
        computed_at=now,
        next_cursor=key and encode_cursor(identifiers.references, f"{CURSOR} {wanted.order}", key),
    )


def _fetch_page(
    connection: Connection, order: CaseOrder, page: Page, condition: str, values: Mapping[str, Any]
) -> Sequence[Row[Any]]:
    columns = _ORDERS[order]
    behind = ", ".join(f"CAST(:after_{column} AS {kind})" for column, kind in columns.items())
    is_behind = f"AND ({', '.join(columns)}) < ({behind})" if page.after else ""
    after = {f"after_{column}": value for column, value in zip(columns, page.after or (), strict=False)}
    descending = ", ".join(f"{column} DESC" for column in columns)
    listed = text(f"{_STORED} {condition} {is_behind} ORDER BY {descending} LIMIT :fetch")
    return connection.execute(listed, {**values, **after, "fetch": page.fetch}).all()


def _format_decisions(row: Row[Any]) -> Decisions:
    """The verdicts of the last 30 days that stand."""
    judged = row.fraud + row.legitimate
    return Decisions(
        fraud=row.fraud,
        legitimate=row.legitimate,
        unsure=row.unsure,
        precision=row.fraud / judged if judged else None,
        precision_interval=wilson_interval(row.fraud, judged),
    )


def fetch_row(connection: Connection, case_id: int) -> Row[Any] | None:
    """One case as it is stored, and its verdict's id."""
    return connection.execute(_ONE, {"id": case_id}).one_or_none()


def fetch_decided(connection: Connection, case_ids: Sequence[int], identifiers: Identifiers) -> list[Case]:
    """These cases by their ids."""
    rows = connection.execute(_SOME, {"ids": list(case_ids)})
    return [format_case(row, identifiers) for row in rows]


def format_case(row: Row[Any], identifiers: Identifiers) -> Case:
    """The case as this caller may see it."""
    is_masked = row.kind in _MASKED
    show = {"device": identifiers.show_device, "network": identifiers.show_ip_address}.get(row.kind, str)
    # One call validates all of it, which takes half as long as part by part.
    return Case.model_validate(
        {
            **{name: getattr(row, name) for name in _SHOWN},
            "entity": show(row.entity),
            "ref": identifiers.references.to_ref(row.entity) if is_masked else None,
            "alias": identifiers.references.to_alias(row.entity) if is_masked else "",
            "decision": _format_decision(row) if row.verdict else None,
            "stake": {"clicks": row.clicks, "conversions": row.conversions},
            "evidence": [{**each, "evidence": show_evidence(each["evidence"], identifiers)} for each in row.evidence],
        }
    )


def _format_decision(row: Row[Any]) -> Decision:
    return Decision(
        id=row.verdict_id,
        verdict=row.verdict,
        reason=row.reason,
        note=row.note,
        until=row.until,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
    )
