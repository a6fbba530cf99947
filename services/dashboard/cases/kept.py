"""Rows that somebody else decided while they were in view: they keep their place until the next navigation."""

from collections.abc import Mapping, Sequence

from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.cases import Case

_MOST = 100


def keep_decided(api: MetricsApi, listed: Sequence[Case], before: Sequence[int], own: str) -> list[Case]:
    """The open cases, and among them those of `before` that others than `own` have decided since."""
    missing = set(before) - {case.id for case in listed}
    if not missing:
        return list(listed)
    decided = api.fetch_cases(status="decided", order="newest", limit=_MOST).cases
    kept = {
        case.id: case for case in decided if case.id in missing and case.decision and case.decision.decided_by != own
    }
    return _put_back(listed, before, kept)


def _put_back(listed: Sequence[Case], before: Sequence[int], kept: Mapping[int, Case]) -> list[Case]:
    """Each behind the row that it stood behind."""
    rows, behind = list(listed), -1
    for case_id in before:
        found = next((at for at, case in enumerate(rows) if case.id == case_id), None)
        if found is None and case_id in kept:
            found = behind + 1
            rows.insert(found, kept[case_id])
        behind = behind if found is None else found
    return rows
