"""What the API is asked about retention and parents' requests."""

from viral_contract.client.connection import ApiConnection, QueryValue
from viral_contract.models.privacy import (
    ErasureScope,
    PrivacyRequest,
    PrivacyRequestDraft,
    PrivacyRequestsAnswer,
    PurgesAnswer,
    RetentionPolicy,
    SubjectData,
)

_REQUESTS = "/v1/privacy/requests"
# All that is stored may have to be looked through, and an erasure waits for writers.
_PATIENCE_SECONDS = 600


class PrivacyApi(ApiConnection):
    """What is kept how long, and what parents ask for."""

    def fetch_policy(self) -> RetentionPolicy:
        """The retention policy in force."""
        return self._call("GET", "/v1/privacy/policy", RetentionPolicy)

    def fetch_purges(self) -> PurgesAnswer:
        """What the last nights deleted."""
        return self._call("GET", "/v1/privacy/purges", PurgesAnswer)

    def fetch_privacy_requests(self, **query: QueryValue) -> PrivacyRequestsAnswer:
        """Parents' requests, the newest first."""
        return self._call("GET", _REQUESTS, PrivacyRequestsAnswer, params=query)

    def record_privacy_request(self, draft: PrivacyRequestDraft) -> PrivacyRequest:
        """Record a request. Raises ApiProblemError 422 when the subject's address is none."""
        body = draft.model_dump(mode="json", exclude_none=True)
        return self._call("POST", _REQUESTS, PrivacyRequest, json=body)

    def export_subject(self, request_id: int) -> SubjectData:
        """Do a request for export, which stays open where nothing is stored.

        Raises ApiProblemError 404 when it was done more than a week ago.
        """
        return self._call("POST", f"{_REQUESTS}/{request_id}/export", SubjectData, timeout=_PATIENCE_SECONDS)

    def erase_subject(
        self, request_id: int, *, with_devices: bool = False, with_sessions: bool = False
    ) -> PrivacyRequest:
        """Do a request for erasure, which cannot be undone; it stays open where nothing is stored.

        With devices or sessions what the subject alone had used is erased, too; the answer lists what is left.

        Raises ApiProblemError 404 when it is done already.
        """
        scope = ErasureScope(with_devices=with_devices, with_sessions=with_sessions).model_dump()
        path = f"{_REQUESTS}/{request_id}/erase"
        return self._call("POST", path, PrivacyRequest, json=scope, timeout=_PATIENCE_SECONDS)

    def erase_traces(self, request_id: int) -> PrivacyRequest:
        """Erase the devices and sessions that the erased subject alone had used, which cannot be undone.

        Raises ApiProblemError 404 when nothing is left, or the erasure is more than a week old.
        """
        path = f"{_REQUESTS}/{request_id}/erase-traces"
        return self._call("POST", path, PrivacyRequest, timeout=_PATIENCE_SECONDS)

    def close_privacy_request(self, request_id: int) -> PrivacyRequest:
        """End an open request as nothing is stored. Raises ApiProblemError 409 when something is."""
        return self._call("POST", f"{_REQUESTS}/{request_id}/close", PrivacyRequest, timeout=_PATIENCE_SECONDS)
