"""Calls for retention and parents' requests."""

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
# A request may read all stored data, and an erasure waits for writers.
_PATIENCE_SECONDS = 600


class PrivacyApi(ApiConnection):
    """Data retention and parents' requests."""

    def fetch_policy(self) -> RetentionPolicy:
        """The retention policy in effect."""
        return self._call("GET", "/v1/privacy/policy", RetentionPolicy)

    def fetch_purges(self) -> PurgesAnswer:
        """The latest nightly deletions."""
        return self._call("GET", "/v1/privacy/purges", PurgesAnswer)

    def fetch_privacy_requests(self, **query: QueryValue) -> PrivacyRequestsAnswer:
        """Parents' requests, newest first."""
        return self._call("GET", _REQUESTS, PrivacyRequestsAnswer, params=query)

    def record_privacy_request(self, draft: PrivacyRequestDraft) -> PrivacyRequest:
        """Record a request. Raises ApiProblemError 422 if the subject's IP address is invalid."""
        body = draft.model_dump(mode="json", exclude_none=True)
        return self._call("POST", _REQUESTS, PrivacyRequest, json=body)

    def export_subject(self, request_id: int) -> SubjectData:
        """Answer an export request, which stays open if nothing is stored.

        Raises ApiProblemError 404 if it was answered more than a week ago.
        """
        return self._call("POST", f"{_REQUESTS}/{request_id}/export", SubjectData, timeout=_PATIENCE_SECONDS)

    def erase_subject(
        self, request_id: int, *, with_devices: bool = False, with_sessions: bool = False
    ) -> PrivacyRequest:
        """Answer an erasure request, which cannot be undone; it stays open if nothing is stored.

        With devices or sessions, those used only by the subject are erased too; the answer lists the rest.

        Raises ApiProblemError 404 if it is already done.
        """
        scope = ErasureScope(with_devices=with_devices, with_sessions=with_sessions).model_dump()
        path = f"{_REQUESTS}/{request_id}/erase"
        return self._call("POST", path, PrivacyRequest, json=scope, timeout=_PATIENCE_SECONDS)

    def erase_traces(self, request_id: int) -> PrivacyRequest:
        """Erase the devices and sessions used only by the erased subject, which cannot be undone.

        Raises ApiProblemError 404 if nothing is left, or the erasure is more than a week old.
        """
        path = f"{_REQUESTS}/{request_id}/erase-traces"
        return self._call("POST", path, PrivacyRequest, timeout=_PATIENCE_SECONDS)

    def close_privacy_request(self, request_id: int) -> PrivacyRequest:
        """Close an open request without stored data. Raises ApiProblemError 409 if there is some."""
        return self._call("POST", f"{_REQUESTS}/{request_id}/close", PrivacyRequest, timeout=_PATIENCE_SECONDS)
