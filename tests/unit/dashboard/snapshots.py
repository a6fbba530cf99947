"""What the cards of the guardrails page are drawn from: defaults for everything, override what matters."""

from typing import Any

from dashboard.data import Snapshot
from tests.support.answers import (
    build_alerts,
    build_event_pii,
    build_flagged_days,
    build_health,
    build_history,
    build_traffic,
)
from tests.unit.dashboard.case_answers import build_cases


def build_snapshot(search: str = "?days=7", **answers: Any) -> Snapshot:
    """A period with one flagged address and one flagged device."""
    given = {
        "health": build_health(),
        "alerts": build_alerts(),
        "history": build_history(),
        "traffic": build_traffic(),
        "event_pii": build_event_pii(),
        "flagged_days": build_flagged_days(),
        "cases": build_cases(),
        "may_decide": True,
        "may_act": True,
    }
    return Snapshot(**{**given, **answers}, search=search)
