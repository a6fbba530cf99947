"""The case about what is investigated, with the buttons that decide it."""

from datetime import datetime

import structlog
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.entity import build_chips
from dashboard.cases.rows import build_state, build_verdict_buttons, describe_row
from dashboard.cases.why import format_why
from dashboard.cases.words import STATUSES, VERDICTS
from dashboard.errors import API_FAILURES
from dashboard.formats import format_age
from dashboard.links import case_path
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import Case, CaseKind, CaseStatus
from viral_contract.models.investigations import Entity, EntityKind
from viral_reports.figures import format_counted

_KINDS: dict[EntityKind, CaseKind] = {"ip_address": "network", "device": "device", "referrer": "referrer"}
_STATUSES: tuple[CaseStatus, ...] = ("open", "decided")
_MOST = 10
_log = structlog.get_logger()


def find_case(api: MetricsApi, entity: Entity, identifier: str) -> Case | None:
    """Its open case, or else the one that was decided last; the page stands without, too."""
    try:
        for status in _STATUSES:
            found = api.fetch_cases(status=status, kind=_KINDS[entity.kind], q=identifier, order="newest", limit=_MOST)
            for case in found.cases:
                if identifier in (case.entity, case.ref) or (case.ref and case.ref == entity.ref):
                    return case
    except API_FAILURES as error:
        _log.warning("case_failed", reason=type(error).__name__)
    return None


def build_case(case: Case, *, may_decide: bool, now: datetime) -> list[Component]:
    """Why there is a case, what is at stake, and the verdict or the buttons for one."""
    stake = case.stake
    counts = f"{format_counted(stake.conversions, 'conversion')} and {format_counted(stake.clicks, 'click')} at stake"
    link = dcc.Link(f"Case {case.id}", href=case_path(case.id))
    head = html.P([link, html.Span(f" · {STATUSES[case.status]} · {counts}", className="hint")])
    why = html.Div([html.P(format_why(case)), build_chips(case.evidence)], className="why")
    decided = _build_decision(case, now=now)
    buttons = [build_verdict_buttons(case)] if may_decide and case.status == "open" else []
    return [html.Div([head, why, *decided, *buttons], className="case-part", **describe_row(case))]


def _build_decision(case: Case, *, now: datetime) -> list[Component]:
    decision = case.decision
    if decision is None:
        return []
    who = f"{VERDICTS[decision.verdict]}, by {decision.decided_by} {format_age(decision.decided_at, now=now)}"
    return [build_state(decision.verdict, who)]
