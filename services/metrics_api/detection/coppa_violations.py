"""Lists violations of what was created in a period, in the order that was asked for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, and_, cast, func, literal, or_, select, tuple_

from metrics_api.db.paging import Page, encode_cursor
from metrics_api.db.tables import violations
from metrics_api.detection.query import Query
from metrics_api.pii_scanner.coppa_rule import NOT_SCANNED
from viral_contract.models.flagged import SortOrder
from viral_contract.models.period import Period
from viral_contract.models.violations import (
    Violation,
    ViolationFilter,
    ViolationsAnswer,
    ViolationSort,
    ViolationTotals,
)

_column = violations.c
_OPEN = _column.resolution.is_(None)
_SORT_KEYS: Mapping[ViolationSort, Sequence[ColumnElement[Any]]] = {
    "status": (_OPEN, _column.inserted_at, _column.id),
    "found": (_column.found_at, _column.id),
    "type": (_column.type, _column.id),
}
_GROUPS = (_column.resolution, _column.actor, _column.type)
_SECONDS_TO_REMOVAL = func.extract("epoch", _column.resolved_at - _column.found_at)
_MEDIAN_TO_REMOVAL = func.percentile_cont(0.5).within_group(_SECONDS_TO_REMOVAL)


@dataclass(frozen=True)
class Order:
    """The order of a list: open and newest first, types from a to z, where none is asked for."""

    sort: ViolationSort = "status"
    order: SortOrder | None = None

    @property
    def is_descending(self) -> bool:
        """Whether the largest value comes first."""
        return self.sort != "type" if self.order is None else self.order == "desc"

    @property
    def cursor(self) -> str:
        """The name of the list in this order."""
        return f"violations by {self.sort} {'desc' if self.is_descending else 'asc'}"

    def sort_and_page(self, statement: Select[Any], page: Page) -> Select[Any]:
        """The statement with the rows of a page."""
        keys = _SORT_KEYS[self.sort]
        if page.after:
            last = tuple_(*(cast(literal(part, Text()), key.type) for part, key in zip(page.after, keys, strict=True)))
            statement = statement.where(tuple_(*keys) < last if self.is_descending else tuple_(*keys) > last)
        in_order = [key.desc() if self.is_descending else key.asc() for key in keys]
        return statement.order_by(*in_order).limit(page.fetch)

    def format_cursor(self, last: Row[Any] | None, query: Query) -> str | None:
        """The cursor after the last row shown, if more follow."""
        if last is None:
            return None
        parts = {
            "status": (last.resolution is None, last.inserted_at, last.id),
            "found": (last.found_at, last.id),
            "type": (last.type, last.id),
        }
        return encode_cursor(query.identifiers.references, self.cursor, parts[self.sort])


def fetch_violations(connection: Connection, wanted: ViolationFilter, query: Query, order: Order) -> ViolationsAnswer:
    """The violations that the filter lets through, and totals of the whole period."""
    created = _created_in(query.period)
    listed = order.sort_and_page(select(violations).where(created, *_conditions(wanted)), query.page)
    shown, last = query.page.split(connection.execute(listed).all())
    return ViolationsAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds={},
        violations=[format_violation(row) for row in shown],
        total_violations=connection.execute(
            select(func.count()).select_from(violations).where(created, *_conditions(wanted))
        ).scalar_one(),
        totals=_fetch_totals(connection, created),
        next_cursor=order.format_cursor(last, query),
    )


def count_open_violations(connection: Connection, period: Period) -> tuple[int, int]:
    """How many violations of what was created in the period nobody has resolved yet, and how many of them say that an
    item is not scanned."""
    unscanned = func.count().filter(_column.type == NOT_SCANNED)
    counted = select(func.count(), unscanned).select_from(violations).where(_created_in(period), _OPEN)
    open_violations, not_scanned = connection.execute(counted).one()
    return open_violations, not_scanned


def fetch_violation(connection: Connection, violation_id: int) -> Violation:
    """The violation with this id, which must exist."""
    return format_violation(connection.execute(select(violations).where(_column.id == violation_id)).one())


def _created_in(period: Period) -> ColumnElement[bool]:
    start = datetime.combine(period.start, time.min, tzinfo=UTC)
    return and_(_column.inserted_at >= start, _column.inserted_at < start + timedelta(days=period.days))


def _conditions(wanted: ViolationFilter) -> list[ColumnElement[bool]]:
    plain = wanted.model_dump(include={"content_kind", "type", "actor"}, exclude_none=True)
    conditions = [_column[name] == value for name, value in plain.items()]
    if wanted.resolution:
        conditions.append(_OPEN if wanted.resolution == "open" else _column.resolution == wanted.resolution)
    if wanted.q:
        parts = (_column.content_id, _column.path, _column.rule, _column.note, _column.resolved_by)
        conditions.append(or_(*(part.icontains(wanted.q, autoescape=True) for part in parts)))
    return conditions


def _fetch_totals(connection: Connection, created: ColumnElement[bool]) -> ViolationTotals:
    groups = connection.execute(select(*_GROUPS, func.count().label("number")).where(created).group_by(*_GROUPS)).all()
    removed = created & (_column.resolution == "removed")
    median = connection.execute(select(_MEDIAN_TO_REMOVAL).where(removed)).scalar_one()
    return format_totals(groups, median)


def format_totals(groups: Iterable[Row[Any]], median_seconds_to_removal: float | None) -> ViolationTotals:
    """The totals of groups by resolution, actor and type."""
    by_resolution, by_actor, by_type = Counter[str](), Counter[str](), Counter[str]()
    for group in groups:
        by_resolution[group.resolution or "open"] += group.number
        by_actor[group.actor] += group.number
        by_type[group.type] += group.number
    return ViolationTotals(
        open=by_resolution["open"],
        removed=by_resolution["removed"],
        false_positive=by_resolution["false_positive"],
        by_child=by_actor["child"],
        by_parent=by_actor["parent"],
        by_type=dict(by_type.most_common()),
        median_seconds_to_removal=median_seconds_to_removal,
    )


def format_violation(row: Row[Any]) -> Violation:
    """One violation as it is answered."""
    removed_after = (row.resolved_at - row.found_at).total_seconds() if row.resolution == "removed" else None
    return Violation(**row._mapping, seconds_to_removal=removed_after)
