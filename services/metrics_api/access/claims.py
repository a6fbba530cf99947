"""What a provider's id token may say about a person: anything; and what of it is taken."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from metrics_api.access.open_id import SignOnRefusedError
from viral_contract.models.email_address import EmailAddress

_EMAIL = TypeAdapter(EmailAddress)
# As long as OpenID Connect lets a subject be.
_LONGEST = 255
_DISPLAY_NAME = re.compile(r"[\s<>]")
_PRINTED = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True)
class VerifiedPerson:
    """A person identified by the provider, with a verified email."""

    identity: str
    email: str


def read_person(claims: Mapping[str, Any]) -> VerifiedPerson:
    """Who the claims are about. Raises SignOnRefusedError where one is missing, of another type or not verified."""
    issuer, subject = (_read_text(claims, name) for name in ("iss", "sub"))
    if not (issuer and subject):
        raise SignOnRefusedError("The identity provider did not confirm who you are.")
    email = _read_email(claims)
    if claims.get("email_verified") is not True:
        raise SignOnRefusedError("The identity provider has not verified your email address.")
    return VerifiedPerson(f"{issuer} {subject}", email)


def read_groups(claims: Mapping[str, Any], name: str) -> list[str]:
    """The groups that the claim of this name holds; what is no text is no group."""
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
