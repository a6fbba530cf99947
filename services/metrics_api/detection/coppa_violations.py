"""Lists violations: of what was created in a period, the open ones first, then the newest."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select, tuple_

from metrics_api.db.paging import encode_cursor
from metrics_api.db.tables import violations
from metrics_api.detection.query import Query
from metrics_api.pii_scanner.coppa_rule import NOT_SCANNED
from viral_contract.models.period import Period
from viral_contract.models.violations import Violation, ViolationFilter, ViolationsAnswer, ViolationTotals

CURSOR = "violations"
_column = violations.c
_OPEN = _column.resolution.is_(None)
_SORT_KEY = (_OPEN, _column.inserted_at, _column.id)
_GROUPS = (_column.resolution, _column.actor, _column.type)
_SECONDS_TO_REMOVAL = func.extract("epoch", _column.resolved_at - _column.found_at)
_MEDIAN_TO_REMOVAL = func.percentile_cont(0.5).within_group(_SECONDS_TO_REMOVAL)


def fetch_violations(connection: Connection, wanted: ViolationFilter, query: Query) -> ViolationsAnswer:
    """The violations that the filter lets through, and totals of the whole period."""
    created = _created_in(query.period)
    listed = select(violations).where(created, *_conditions(wanted)).order_by(*(key.desc() for key in _SORT_KEY))
    if query.page.after:
        listed = listed.where(tuple_(*_SORT_KEY) < tuple_(*_read_key(query.page.after)))
    shown, last = query.page.split(connection.execute(listed.limit(query.page.fetch)).all())
    key = last and (last.resolution is None, last.inserted_at.isoformat(), last.id)
    return ViolationsAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds={},
        violations=[format_violation(row) for row in shown],
        total_violations=connection.execute(
            select(func.count()).select_from(violations).where(created, *_conditions(wanted))
        ).scalar_one(),
        totals=_fetch_totals(connection, created),
        next_cursor=key and encode_cursor(query.identifiers.references, CURSOR, key),
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
    return conditions


def _read_key(after: tuple[Any, ...]) -> tuple[bool, datetime, int]:
    is_open, inserted_at, violation_id = after
    return is_open == "True", datetime.fromisoformat(inserted_at), int(violation_id)


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
