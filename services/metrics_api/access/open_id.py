"""The OpenID Connect provider: the code flow with PKCE, and the check of its claims about a person."""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import TypeAdapter

from metrics_api.settings.access import SingleSignOnSettings
from viral_contract.models.values import EmailAddress
from viral_runtime.web.authorities import trust_authorities

_EMAIL = TypeAdapter(EmailAddress)
# The limit of OpenID Connect for a subject.
_LONGEST = 255
_DISPLAY_NAME = re.compile(r"[\s<>]")
_PRINTED = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True)
class VerifiedPerson:
    """A person identified by the provider, with a verified email."""

    identity: str
    email: str


# No symmetric ones: their key would be our own secret.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_KEPT_SECONDS = 3600
_TIMEOUT_SECONDS = 5
_LEEWAY_SECONDS = 60
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# Raised by the libraries for claims, keys and tokens of an unexpected type.
_MALFORMED = (JoseError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


class SignOnRefusedError(Exception):
    """The person cannot sign in through the provider; the message is for them."""


class ProviderUnavailableError(Exception):
    """The provider does not respond, or not like an OpenID provider."""


@dataclass(frozen=True)
class Secrets:
    """The secrets of one sign-in: `state` for us, `nonce` for the id token, `verifier` for the provider."""

    state: str
    nonce: str
    verifier: str


class OpenIdProvider:
    """One provider; its metadata and keys are fetched once an hour."""

    def __init__(self, settings: SingleSignOnSettings, issuer: str) -> None:
        self._settings = settings
        self._issuer = issuer
        self._http = httpx.Client(timeout=_TIMEOUT_SECONDS, verify=trust_authorities())
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    def build_authorization_url(self, redirect_uri: str, secrets: Secrets) -> str:
        """The URL at which the browser signs in. Raises ProviderUnavailableError."""
        challenge = create_s256_code_challenge(secrets.verifier)
        url: str = prepare_grant_uri(
            self._fetch_metadata()["authorization_endpoint"],
            self._settings.oidc_client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=self._settings.oidc_scopes,
            state=secrets.state,
            nonce=secrets.nonce,
            code_challenge=challenge,
            code_challenge_method="S256",
        )
        return url

    def fetch_claims(self, code: str, redirect_uri: str, secrets: Secrets) -> dict[str, Any]:
        """The provider's claims about the person who brought the code.

        Raises SignOnRefusedError for an invalid code or id token, and ProviderUnavailableError.
        """
        tokens = self._exchange(code, redirect_uri, secrets.verifier)
        try:
            return self._check_id_token(tokens, secrets.nonce)
        except _MALFORMED as error:
            # Names the claim or the fault, never its value.
            raise SignOnRefusedError(f"The provider's answer cannot be trusted ({type(error).__name__}).") from error

    def _exchange(self, code: str, redirect_uri: str, verifier: str) -> dict[str, Any]:
        metadata = self._fetch_metadata()
        client_id, secret = self._settings.oidc_client_id, self._settings.oidc_client_secret.get_secret_value()
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        supported = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret and "client_secret_basic" in supported:
            given: dict[str, Any] = {"auth": (client_id, secret)}
        else:
            given = {}
            body |= {"client_id": client_id, **({"client_secret": secret} if secret else {})}
        response = self._ask("POST", metadata["token_endpoint"], data=body | {"code_verifier": verifier}, **given)
        tokens = _read_object(response)
        if response.is_error or "id_token" not in tokens:
            raise SignOnRefusedError("The identity provider rejected the sign-in. It may have taken too long.")
        return tokens

    def _check_id_token(self, tokens: dict[str, Any], nonce: str) -> dict[str, Any]:
        signed = str(tokens["id_token"])
        try:
            token = jwt.decode(signed, self._fetch_keys(), algorithms=_ALGORITHMS)
        except _MALFORMED:
            self._known.pop("keys", None)  # The provider may have new keys by now.
            token = jwt.decode(signed, self._fetch_keys(), algorithms=_ALGORITHMS)
        options = {
            "iss": {"essential": True, "value": self._fetch_metadata()["issuer"]},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
        }
        params = {"nonce": nonce, "client_id": self._settings.oidc_client_id}
        claims = CodeIDToken(token.claims, token.header, options, params | {"access_token": tokens.get("access_token")})
        claims.validate(now=int(time.time()), leeway=_LEEWAY_SECONDS)
        return dict(claims)

    def _fetch_metadata(self) -> dict[str, Any]:
        metadata = self._fetch("metadata", get_well_known_url(self._issuer, external=True))
        try:
            OpenIDProviderMetadata(metadata).validate_issuer()
            if metadata["issuer"].rstrip("/") != self._issuer:
                raise ValueError("another issuer")
            if not all(isinstance(metadata[name], str) for name in _ENDPOINTS):
                raise ValueError("an endpoint is not a URL")
        except _MALFORMED as error:
            self._known.pop("metadata", None)
            raise ProviderUnavailableError(f"its configuration is not usable: {error}") from error
        return metadata

    def _fetch_keys(self) -> KeySet:
        return KeySet.import_key_set(self._fetch("keys", self._fetch_metadata()["jwks_uri"]))  # type: ignore[arg-type]

    def _fetch(self, name: str, url: str) -> dict[str, Any]:
        known_at, known = self._known.get(name, (-math.inf, {}))
        if time.monotonic() - known_at < _KEPT_SECONDS:
            return known
        response = self._ask("GET", url)
        found = _read_object(response)
        if response.is_error:
            raise ProviderUnavailableError(f"{url} answered {response.status_code}")
        self._known[name] = (time.monotonic(), found)
        return found

    def _ask(self, method: str, url: str, **request: Any) -> httpx.Response:
        try:
            response = self._http.request(method, url, **request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderUnavailableError(str(error)) from error
        if response.is_server_error:
            raise ProviderUnavailableError(f"{url} answered {response.status_code}")
        return response


def connect_provider(settings: SingleSignOnSettings) -> OpenIdProvider | None:
    """The provider of the settings; no request is sent yet."""
    return OpenIdProvider(settings, settings.oidc_issuer) if settings.oidc_issuer else None


def _read_object(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except (ValueError, RecursionError) as error:
        raise ProviderUnavailableError("its answer was not JSON") from error
    if not isinstance(found, dict):
        raise ProviderUnavailableError("its answer was no JSON object")
    return found


def read_person(claims: Mapping[str, Any]) -> VerifiedPerson:
    """The person of the claims. Raises SignOnRefusedError if one is missing, has another type or is not verified."""
    issuer, subject = (_read_text(claims, name) for name in ("iss", "sub"))
    if not (issuer and subject):
        raise SignOnRefusedError("The identity provider did not confirm who you are.")
    email = _read_email(claims)
    if claims.get("email_verified") is not True:
        raise SignOnRefusedError("The identity provider has not verified your email address.")
    return VerifiedPerson(f"{issuer} {subject}", email)


def read_groups(claims: Mapping[str, Any], name: str) -> list[str]:
    """The groups in the claim of this name; values that are not text are ignored."""
    given = claims.get(name)
    listed = given if isinstance(given, list) else [given]
    return [group for group in listed if isinstance(group, str)]


def _read_email(claims: Mapping[str, Any]) -> str:
    given = _read_text(claims, "email")
    if given is None:
        raise SignOnRefusedError("The identity provider did not share your email address.")
    try:
        if _DISPLAY_NAME.search(given):
            raise ValueError("a name beside the address")
        return str(_EMAIL.validate_python(given)).lower()
    except ValueError as error:
        raise SignOnRefusedError("The identity provider sent an invalid email address.") from error


def _read_text(claims: Mapping[str, Any], name: str) -> str | None:
    given = claims.get(name)
    fits = isinstance(given, str) and len(given) <= _LONGEST and _PRINTED.fullmatch(given)
    return given if fits else None
