"""What rows about networks and devices say of cases: the open one about it, or else the newest one that is decided."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Row

from viral_contract.models.case_marks import CaseFilter, CaseMark

_STATUS = "CASE WHEN status = 'open' THEN 'open' ELSE verdict END"


def select_mark(kind: Literal["network", "device"], entity: str) -> str:
    """The case that a row with this entity shows, as one row of `case_id`, `case_status` and `case_verdict`."""
    return f"""
        SELECT id AS case_id, status AS case_status, verdict AS case_verdict FROM cases
        WHERE kind = '{kind}' AND entity = {entity} AND status IN ('open', 'decided')
        ORDER BY status = 'open' DESC, id DESC LIMIT 1
    """


def build_case_filter(kind: Literal["network", "device"], entity: str, wanted: CaseFilter | None) -> str:
    """The condition that a row's entity has such a case, or none."""
    if wanted is None:
        return "true"
    marked = f"""
        SELECT DISTINCT ON (entity) entity, {_STATUS} AS state FROM cases
        WHERE kind = '{kind}' AND status IN ('open', 'decided') ORDER BY entity, status = 'open' DESC, id DESC
    """
    if wanted == "none":
        return f"{entity} NOT IN (SELECT entity FROM ({marked}) AS marked)"
    return f"{entity} IN (SELECT entity FROM ({marked}) AS marked WHERE state = '{wanted}')"


def format_mark(row: Row[Sequence[object]]) -> CaseMark | None:
    """The case of a row that `select_mark` was joined to."""
    values = row._mapping
    if values["case_id"] is None:
        return None
    return CaseMark(id=values["case_id"], status=values["case_status"], verdict=values["case_verdict"])
