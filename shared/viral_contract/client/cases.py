"""The client's calls about cases."""

from viral_contract.client.connection import ApiConnection, QueryValue
from viral_contract.models.cases import (
    BulkVerdictAnswer,
    BulkVerdictRequest,
    Case,
    CaseGraph,
    CasesAnswer,
    CaseTimeline,
    LinkedCases,
    VerdictEffect,
    VerdictRequest,
)


class CasesApi(ApiConnection):
    """Cases and what people decide about them."""

    def fetch_cases(self, **query: QueryValue) -> CasesAnswer:
        """Cases of one `status`, the most at stake first."""
        return self._call("GET", "/v1/cases", CasesAnswer, params=query)

    def fetch_case(self, case_id: int) -> Case:
        """One case. Raises ApiProblemError 404 if there is none."""
        return self._call("GET", f"/v1/cases/{case_id}", Case)

    def fetch_case_graph(self, case_id: int) -> CaseGraph:
        """What a case touches."""
        return self._call("GET", f"/v1/cases/{case_id}/graph", CaseGraph)

    def fetch_linked_cases(self, case_id: int) -> LinkedCases:
        """The open cases about devices and networks that the case's events came from."""
        return self._call("GET", f"/v1/cases/{case_id}/linked", LinkedCases)

    def fetch_case_timeline(self, case_id: int) -> CaseTimeline:
        """The days of a case, and what happened to it."""
        return self._call("GET", f"/v1/cases/{case_id}/timeline", CaseTimeline)

    def preview_verdict(self, case_id: int, request: VerdictRequest) -> VerdictEffect:
        """What a verdict would change; nothing is stored."""
        path = f"/v1/cases/{case_id}/verdict"
        body = request.model_dump(mode="json")
        return self._call("POST", path, VerdictEffect, json=body, params={"dry_run": "true"})

    def decide_case(self, case_id: int, request: VerdictRequest) -> Case:
        """Decide a case. Raises ApiProblemError 409 if somebody else already has."""
        return self._call("POST", f"/v1/cases/{case_id}/verdict", Case, json=request.model_dump(mode="json"))

    def decide_cases(self, request: BulkVerdictRequest) -> BulkVerdictAnswer:
        """Decide several cases at once. Raises ApiProblemError 409 if one of them is already decided."""
        return self._call("POST", "/v1/cases/verdicts", BulkVerdictAnswer, json=request.model_dump(mode="json"))

    def undo_verdict(self, case_id: int, verdict_id: int) -> Case:
        """Take a verdict on a case back. Raises ApiProblemError 409 if another is newest."""
        return self._call("POST", f"/v1/cases/{case_id}/undo", Case, params={"verdict_id": verdict_id})

    def undo_verdicts(self, undo_id: int) -> BulkVerdictAnswer:
        """Take a bulk verdict back as one."""
        return self._call("POST", f"/v1/cases/verdicts/{undo_id}/undo", BulkVerdictAnswer)
