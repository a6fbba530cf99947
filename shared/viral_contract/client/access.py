"""Calls for people, sessions, tokens and the audit log."""

from collections.abc import Iterable
from typing import Any

from viral_contract.client.connection import ApiConnection, QueryValue
from viral_contract.models.audit import AuditAnswer, LooksNoted
from viral_contract.models.people import (
    PasswordLink,
    PeopleAnswer,
    PersonDetail,
    PersonInvited,
    Role,
    Scope,
    SessionCreated,
    SignedInPerson,
)
from viral_contract.models.single_sign_on import SingleSignOnStarted
from viral_contract.models.tokens import TokenCreated, TokensAnswer


class AccessApi(ApiConnection):
    """Sign-in, people, tokens and audit."""

    def sign_in(self, email: str, password: str, *, device: str | None = None) -> SessionCreated:
        """Start a session; `device` comes from an earlier session of the same browser.

        Raises ApiProblemError with status 401 if the email or password is wrong.
        """
        body = {"email": email, "password": password} | ({"device": device} if device else {})
        return self._call("POST", "/v1/sessions", SessionCreated, json=body)

    def start_single_sign_on(self, redirect_uri: str) -> SingleSignOnStarted:
        """Where the browser signs in at the provider. Raises ApiProblemError with status 404 if it is off."""
        body = {"redirect_uri": redirect_uri}
        return self._call("POST", "/v1/single-sign-on", SingleSignOnStarted, json=body)

    def finish_single_sign_on(self, *, flow: str, state: str, code: str) -> SessionCreated:
        """Start a session for the returning person. Raises ApiProblemError with status 403 if refused."""
        body = {"flow": flow, "state": state, "code": code}
        return self._call("POST", "/v1/single-sign-on/sessions", SessionCreated, json=body)

    def fetch_person(self) -> SignedInPerson:
        """The session's person. Raises ApiProblemError with status 401 if it has ended."""
        return self._call("GET", "/v1/session", SignedInPerson)

    def sign_out(self) -> None:
        """End the session."""
        self._send("DELETE", "/v1/session")

    def change_password(self, current_password: str, new_password: str) -> None:
        """Change the caller's password and end their sessions. Raises ApiProblemError with code wrong_password."""
        body = {"current_password": current_password, "new_password": new_password}
        self._send("PUT", "/v1/session/password", json=body)

    def set_password(self, secret: str, password: str) -> None:
        """Set a password with a link's secret. Raises ApiProblemError with status 404 if it has expired."""
        self._send("PUT", "/v1/passwords", json={"secret": secret, "password": password})

    def fetch_people(self, **query: QueryValue) -> PeopleAnswer:
        """Everyone who may sign in, by email."""
        return self._call("GET", "/v1/people", PeopleAnswer, params=query)

    def invite_person(self, email: str, role: Role) -> PersonInvited:
        """Invite a user. Raises ApiProblemError with status 409 if the account exists."""
        return self._call("POST", "/v1/people", PersonInvited, json={"email": email, "role": role})

    def change_person(self, person_id: int, **changes: Any) -> PersonDetail:
        """Change `role` or `deactivated`. Raises ApiProblemError with status 409 if no admin would be left."""
        return self._call("PATCH", f"/v1/people/{person_id}", PersonDetail, json=changes)

    def reset_password(self, person_id: int) -> PasswordLink:
        """End the person's password and sessions and create a link to set a new one."""
        return self._call("POST", f"/v1/people/{person_id}/password-link", PasswordLink)

    def fetch_tokens(self, **query: QueryValue) -> TokensAnswer:
        """Every token, newest first."""
        return self._call("GET", "/v1/tokens", TokensAnswer, params=query)

    def create_token(self, name: str, scopes: list[Scope], expires_in_days: int) -> TokenCreated:
        """Create a token; only this answer has its secret."""
        body = {"name": name, "scopes": scopes, "expires_in_days": expires_in_days}
        return self._call("POST", "/v1/tokens", TokenCreated, json=body)

    def revoke_token(self, token_id: int) -> None:
        """Revoke a token. Raises ApiProblemError with status 404 if it is not active."""
        self._send("DELETE", f"/v1/tokens/{token_id}")

    def fetch_audit_entries(self, **query: QueryValue) -> AuditAnswer:
        """The audit log, newest first."""
        return self._call("GET", "/v1/audit-entries", AuditAnswer, params=query)

    def note_looks(self, routes: Iterable[str]) -> LooksNoted:
        """Audit that the caller is shown whole identifiers that these routes answered to someone else."""
        return self._call("POST", "/v1/audit-entries/looks", LooksNoted, json={"routes": sorted(routes)})
