"""The queue as a file: every case that the filters of its address leave, in its order."""

from collections.abc import Mapping

from dashboard.cases.entity import format_entity
from dashboard.cases.filters import TOOLBAR
from dashboard.cases.why import format_why
from dashboard.lists.file import ROWS_AT_ONCE, CsvValue, Records
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import Case, CasesAnswer


def fetch_file(api: MetricsApi, wanted: Mapping[str, str]) -> tuple[str, Records]:
    """The file's name and its lines."""
    query = {**TOOLBAR.find_filters(wanted), "limit": str(ROWS_AT_ONCE)}
    first = api.fetch_cases(**query)
    return f"cases_{first.computed_at:%Y-%m-%d}.csv", _list_records(api, query, first)


def _list_records(api: MetricsApi, query: Mapping[str, str], answer: CasesAnswer) -> Records:
    while True:
        yield from map(_format_record, answer.cases)
        if answer.next_cursor is None:
            return
        answer = api.fetch_cases(**query, cursor=answer.next_cursor)


def _format_record(case: Case) -> Mapping[str, CsvValue]:
    decision = case.decision
    return {
        "case": case.id,
        "kind": case.kind,
        "id": format_entity(case),
        "loop": case.source,
        "rules": " ".join(case.rules),
        "strength": case.strength,
        "why": format_why(case),
        "status": case.status,
        "conversions": case.stake.conversions,
        "clicks": case.stake.clicks,
        "first_seen": case.first_seen.isoformat(),
        "last_seen": case.last_seen.isoformat(),
        "verdict": case.verdict,
        "decided_by": decision.decided_by if decision else None,
        "reason": decision.reason if decision else None,
    }
