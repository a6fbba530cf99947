"""What a row of another list says of the case about it."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.rows import build_state
from dashboard.cases.words import VERDICTS
from dashboard.links import case_path
from dashboard.lists.toolbar import ANY, Choice
from viral_contract.models.case_marks import CaseMark

CASE_CHOICE = Choice(
    "case",
    "Verdict",
    {ANY: "Any", "open": "Open case", "fraud": "Fraud", "legitimate": "Legitimate", "none": "None"},
    is_extra=True,
)


def build_mark(case: CaseMark) -> Component:
    """The way to the open case, or what was decided."""
    if case.status == "open" or case.verdict is None:
        return dcc.Link(f"Case {case.id}", href=case_path(case.id))
    verdict = build_state(case.verdict, VERDICTS[case.verdict])
    name = html.Span(f", case {case.id}", className="visually-hidden")
    return dcc.Link([verdict, name], href=case_path(case.id), className="verdict-mark")


def find_marks(case: CaseMark | None) -> dict[str, str]:
    """What assets/cases.js reads of a row whose case can be decided."""
    return {"data-case": str(case.id)} if case and case.status == "open" else {}
