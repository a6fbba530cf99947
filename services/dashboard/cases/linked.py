"""Deciding the cases about a referrer's own devices and networks with the referrer's case."""

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.cases.figures import cut_id
from dashboard.errors import API_FAILURES
from dashboard.formats import format_masked
from dashboard.session import current_viewer
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import LinkedCase
from viral_contract.models.people import Scope
from viral_reports.figures import format_count, format_counted

_NAMED = 3
_log = structlog.get_logger()


def build_linked() -> list[Component]:
    """The box of the form, hidden until it is known that there is such a case, and which cases it is about."""
    box = dmc.Checkbox(id="case-linked", label="Also decide linked cases", checked=False, className="linked-box")
    return [dcc.Store(id="case-linked-ids", data=[]), html.Div(box, id="case-linked-place", hidden=True)]


def add_linked(app: Dash, views: SharedViews) -> None:
    """Find them once the case is shown."""
    app.callback(
        output={
            "hidden": Output("case-linked-place", "hidden"),
            "ids": Output("case-linked-ids", "data"),
            "label": Output("case-linked", "label"),
            "description": Output("case-linked", "description"),
            "checked": Output("case-linked", "checked"),
        },
        inputs={"shown": Input("case-shown", "data")},
    )(lambda shown: describe_linked(fetch_linked(views.api_of_viewer(), shown)))


def fetch_linked(api: MetricsApi, shown: dict[str, Any] | None) -> Sequence[LinkedCase]:
    """The linked cases for who may decide; the form works without them, too."""
    try:
        return api.fetch_linked_cases(shown["id"]).cases if shown and current_viewer().may(Scope.CASES_WRITE) else []
    except API_FAILURES as error:
        _log.warning("linked_cases_failed", reason=type(error).__name__)
        return []


def describe_linked(linked: Sequence[LinkedCase]) -> dict[str, Any]:
    """The box: on for what nobody else uses; what others use, too, is only offered where there is nothing else."""
    own = [case for case in linked if not case.shared]
    chosen = own or linked
    rest = len(linked) - len(chosen)
    others = "Others use it, too." if linked and not own else ""
    left = f"{format_count(rest)} more that others use {'stays' if rest == 1 else 'stay'} open." if rest else ""
    return {
        "hidden": not chosen,
        "ids": [case.id for case in chosen],
        "label": f"Also decide {format_counted(len(chosen), 'linked case')}",
        "description": " ".join(part for part in (_name(chosen), others, left) if part),
        "checked": bool(own),
    }


def _name(cases: Sequence[LinkedCase]) -> str:
    named = [f"Case {case.id}, {case.kind} {cut_id(format_masked(case.entity, case.alias))}" for case in cases[:_NAMED]]
    more = f" and {format_count(len(cases) - _NAMED)} more" if len(cases) > _NAMED else ""
    return f"{'; '.join(named)}{more}." if named else ""
