"""What other answers say of a case; apart from cases, whose evidence is made of those answers."""

from typing import Literal

from pydantic import BaseModel

CaseStatus = Literal["open", "decided", "closed"]
CaseVerdict = Literal["fraud", "legitimate", "unsure"]
CaseFilter = Literal["open", "fraud", "legitimate", "none"]
"""Rows with an open case, with such a verdict and no open case, or without either."""


class CaseMark(BaseModel):
    """The case about what a row is about: the open one, or else the newest one that is decided."""

    id: int
    status: CaseStatus
    verdict: CaseVerdict | None
