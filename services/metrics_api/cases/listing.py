"""Lists cases: by what is at stake, or the newest first; only stored rows are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, Row, cast, func, or_, select, true, tuple_

from metrics_api.access.identifiers import Identifiers
from metrics_api.db.paging import Page, encode_cursor
from metrics_api.db.tables import case_stakes, case_verdicts, cases
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
    CaseVerdict,
    Decision,
    Decisions,
    Stake,
)
from viral_contract.models.referrer_evidence import RuleEvidence, Strength

CURSOR = "cases"
_column = cases.c
_verdict = case_verdicts.c
_STORED = select(
    cases,
    select(func.max(_verdict.id))
    .where(_verdict.case_id == _column.id, _verdict.undone_at.is_(None))
    .scalar_subquery()
    .label("verdict_id"),
)
_ORDERS: dict[CaseOrder, tuple[ColumnElement[Any], ...]] = {
    "stake": (_column.conversions, _column.clicks, _column.id),
    "newest": (_column.status_at, _column.id),
}
_MASKED: tuple[CaseKind, ...] = ("device", "network")
_LONGEST_ID = 18
_RECENT = timedelta(days=30)
_SHOWN = ("id", "kind", "source", "rules", "strength", "status", "verdict", "first_seen", "last_seen", "opened_at")


@dataclass(frozen=True)
class Wanted:
    """Which cases are asked for, and in which order."""

    status: CaseStatus = "open"
    rule: CaseRule | None = None
    kind: CaseKind | None = None
    strength: Strength | None = None
    q: str | None = None
    order: CaseOrder = "stake"

    def conditions(self, identifiers: Identifiers) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        met = [_column.status == self.status]
        given = {"kind": self.kind, "strength": self.strength}
        met += [_column[name] == value for name, value in given.items() if value]
        if self.rule:
            met.append(_column.rules.contains([self.rule]))
        if self.q:
            met.append(_match(self.q, identifiers))
        return met


def _match(given: str, identifiers: Identifiers) -> ColumnElement[bool]:
    """Cases with this id, with the entity behind this ref, or with a part of the entity.

    Of a masked entity a part would tell what the mask hides.
    """
    is_part = _column.entity.icontains(given, autoescape=True)
    matches = [is_part if identifiers.whole else is_part & _column.kind.not_in(_MASKED)]
    identifier = identifiers.references.to_identifier(given)
    if identifier != given:
        matches.append(_column.entity == identifier)
    if given.isdecimal() and len(given) <= _LONGEST_ID:
        matches.append(_column.id == int(given))
    return or_(*matches)


def find_cases(connection: Connection, q: str, identifiers: Identifiers, *, most: int) -> list[Case]:
    """The newest cases of any status that match the text."""
    found = _STORED.where(_match(q, identifiers)).order_by(_column.id.desc()).limit(most)
    return [format_case(row, identifiers) for row in connection.execute(found)]


def fetch_cases(
    connection: Connection, wanted: Wanted, page: Page, identifiers: Identifiers, *, now: datetime
) -> CasesAnswer:
    """A page of cases, with counts of all and the stake of those that match."""
    conditions, order = wanted.conditions(identifiers), _ORDERS[wanted.order]
    listed = _STORED.where(*conditions).order_by(*(column.desc() for column in order))
    if page.after:
        after = (cast(value, column.type) for column, value in zip(order, page.after, strict=True))
        listed = listed.where(tuple_(*order) < tuple_(*after))
    shown, last = page.split(connection.execute(listed.limit(page.fetch)).all())
    totals = _fetch_totals(connection, conditions)
    key = last and [getattr(last, column.name) for column in order]
    return CasesAnswer(
        cases=[format_case(row, identifiers) for row in shown],
        total=totals.total,
        counts=CaseCounts(open=totals.open, decided=totals.decided, closed=totals.closed),
        stake=Stake(clicks=totals.clicks, conversions=totals.conversions),
        flagged_conversions=totals.flagged,
        decisions=_fetch_decisions(connection, now),
        computed_at=now,
        next_cursor=key and encode_cursor(identifiers.references, f"{CURSOR} {wanted.order}", key),
    )


def _fetch_decisions(connection: Connection, now: datetime) -> Decisions:
    """The verdicts of the last 30 days that stand."""
    verdicts = (func.count().filter(_column.verdict == verdict).label(verdict) for verdict in get_args(CaseVerdict))
    row = connection.execute(select(*verdicts).where(_column.decided_at >= now - _RECENT)).one()
    judged = row.fraud + row.legitimate
    return Decisions(
        **row._mapping,
        precision=row.fraud / judged if judged else None,
        precision_interval=wilson_interval(row.fraud, judged),
    )


def _fetch_totals(connection: Connection, conditions: list[ColumnElement[bool]]) -> Row[Any]:
    """Counts by status, and the clicks and conversions of the matching cases, each conversion once."""
    matching = select(cases.c.id, cases.c.clicks).where(*conditions).cte("matching")
    stake = case_stakes.c
    found = (
        select(func.max(stake.conversions).label("conversions"), func.bool_or(stake.is_flagged).label("is_flagged"))
        .join_from(case_stakes, matching, stake.case_id == matching.c.id)
        .group_by(stake.stake)
        .subquery()
    )
    at_stake = (
        select(
            func.coalesce(func.sum(found.c.conversions), 0).label("conversions"),
            func.coalesce(func.sum(found.c.conversions).filter(found.c.is_flagged), 0).label("flagged"),
        )
        .select_from(found)
        .subquery()
    )
    by_status = select(
        *(func.count().filter(_column.status == status).label(status) for status in ("open", "decided", "closed"))
    ).subquery()
    counted = select(
        func.count().label("total"), func.coalesce(func.sum(matching.c.clicks), 0).label("clicks")
    ).subquery()
    totals = select(by_status, counted, at_stake).select_from(by_status.join(counted, true()).join(at_stake, true()))
    return connection.execute(totals).one()


def fetch_row(connection: Connection, case_id: int) -> Row[Any] | None:
    """One case as it is stored, and its verdict's id."""
    return connection.execute(_STORED.where(_column.id == case_id)).one_or_none()


def fetch_decided(connection: Connection, case_ids: Sequence[int], identifiers: Identifiers) -> list[Case]:
    """These cases by their ids."""
    rows = connection.execute(_STORED.where(_column.id.in_(case_ids)).order_by(_column.id))
    return [format_case(row, identifiers) for row in rows]


def format_case(row: Row[Any], identifiers: Identifiers) -> Case:
    """The case as this caller may see it."""
    is_masked = row.kind in _MASKED
    show = {"device": identifiers.show_device, "network": identifiers.show_ip_address}.get(row.kind, str)
    return Case(
        **{name: row._mapping[name] for name in _SHOWN},
        entity=show(row.entity),
        ref=identifiers.references.to_ref(row.entity) if is_masked else None,
        alias=identifiers.references.to_alias(row.entity) if is_masked else "",
        decision=_format_decision(row) if row.verdict else None,
        stake=Stake(clicks=row.clicks, conversions=row.conversions),
        evidence=[
            RuleEvidence.model_validate({**each, "evidence": show_evidence(each["evidence"], identifiers)})
            for each in row.evidence
        ],
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
