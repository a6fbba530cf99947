"""Tokens of services: created by admins or from the settings, stored as hashes only; `sessions` looks them up.

A token's name must not look like another's: letters of other scripts, other case, 0 for O, 1 for l. After UTS #39,
names that look alike share a prototype.
"""

import unicodedata
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from confusable_homoglyphs.confusables import confusables_data  # type: ignore[import-untyped]
from sqlalchemy import Connection, Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from metrics_api.access.audit import save_audit_entry
from metrics_api.access.secrets import create_secret, hash_secret
from metrics_api.db.paging import Page
from metrics_api.db.tables import people, tokens
from viral_contract.models.people import Scope
from viral_contract.models.tokens import ACTORS_OF_ITS_OWN, NewToken, Token, TokenCreated

# Invisible or nearly so: categories, and letters that are blank.
_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cc"})
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Around right-to-left characters in the table.
_MARK = "\u200e"
CURSOR = "tokens"
ENVIRONMENT = "environment"
_column = tokens.c


class UnknownTokenError(Exception):
    """There is no such token, or it was already revoked."""


class EnvironmentTokenError(Exception):
    """The token comes from the settings, which would create it again."""


class LookAlikeNameError(Exception):
    """A reader of the audit log would take the name for another actor's; the message says whose."""


def find_looks(name: str) -> frozenset[str]:
    """The looks of a name: two names that share one can be mistaken for each other."""
    seen = "".join(filter(_is_seen, unicodedata.normalize("NFKD", name)))
    # A capital I looks like l, and is the same letter as i.
    return frozenset(" ".join(_replace(form).casefold().split()) for form in (seen, seen.casefold()))


def look_alike(name: str, others: Collection[str]) -> str | None:
    """The first of the others that looks like the name."""
    looks = find_looks(name)
    return next((other for other in others if looks & find_looks(other)), None)


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in _UNSEEN and char not in _BLANK


def _replace(text: str) -> str:
    prototypes = _prototypes()
    return "".join(prototypes.get(char, char) for char in text)


@cache
def _prototypes() -> dict[str, str]:
    """The prototype of each character: a plain letter or digit if one looks like it."""
    return {char.strip(_MARK): _find_prototype(char) for char in confusables_data if len(char.strip(_MARK)) == 1}


def _find_prototype(char: str) -> str:
    """The character that all its look-alikes refer to; only it refers to more than one."""
    group = {char, *(each["c"] for each in confusables_data[char])}
    centre: str = max(group, key=lambda each: (len(confusables_data.get(each, ())), each))
    return centre.strip(_MARK)


def fetch_tokens(connection: Connection, page: Page, *, now: datetime) -> list[Token]:
    """A page of tokens, newest first, and one more if others follow."""
    statement = select(tokens).order_by(_column.id.desc()).limit(page.fetch)
    if page.after:
        statement = statement.where(_column.id < int(page.after[0]))
    return [Token.model_validate(_format_token(row, now)) for row in connection.execute(statement)]


def count_tokens(connection: Connection) -> int:
    """The number of tokens, including revoked and expired ones."""
    return connection.execute(select(func.count()).select_from(tokens)).scalar_one()


def save_token(connection: Connection, wanted: NewToken, *, actor: str, now: datetime) -> TokenCreated:
    """Create a token; its secret cannot be read again. Raises LookAlikeNameError."""
    _check_looks(connection, wanted.name)
    secret, expires_at = create_secret(), now + timedelta(days=wanted.expires_in_days)
    values = {"name": wanted.name, "token_hash": hash_secret(secret), "scopes": _sorted(wanted.scopes)}
    row = connection.execute(
        insert(tokens).values(**values, created_at=now, created_by=actor, expires_at=expires_at).returning(tokens)
    ).one()
    after = {"name": row.name, "scopes": row.scopes, "expires_at": expires_at.isoformat()}
    save_audit_entry(connection, actor=actor, action="create_token", subject=f"token:{row.id}", after=after, now=now)
    return TokenCreated(**_format_token(row, now), secret=secret)


def _check_looks(connection: Connection, name: str) -> None:
    if not any(find_looks(name)):
        raise LookAlikeNameError("must contain visible characters")
    # So that two simultaneous creations see each other.
    connection.execute(text("LOCK TABLE tokens IN SHARE ROW EXCLUSIVE MODE"))
    # An equal name is the same service's, whose next token may be created before the old one expires.
    others = connection.execute(select(_column.name).where(_column.name != name).distinct()).scalars().all()
    if taken := look_alike(name, [*others, *ACTORS_OF_ITS_OWN]):
        raise LookAlikeNameError(f"must not look like {taken!r}, the name of another actor. Choose another name")
    emails = connection.execute(select(people.c.email)).scalars().all()
    if taken := look_alike(name, [part for email in emails for part in (email, email.partition("@")[0])]):
        raise LookAlikeNameError(f"must not look like the person {taken!r}. Choose a name that describes its purpose")


def revoke_token(connection: Connection, token_id: int, *, actor: str, now: datetime) -> None:
    """Revoke a token. Raises UnknownTokenError or EnvironmentTokenError."""
    row = connection.execute(select(tokens).where(_column.id == token_id).with_for_update()).one_or_none()
    if row is None or row.revoked_at is not None:
        raise UnknownTokenError
    if row.created_by == ENVIRONMENT:
        raise EnvironmentTokenError
    connection.execute(update(tokens).where(_column.id == token_id).values(revoked_at=now))
    before = {"name": row.name, "scopes": row.scopes}
    save_audit_entry(
        connection, actor=actor, action="revoke_token", subject=f"token:{token_id}", before=before, now=now
    )


def save_environment_token(
    connection: Connection,
    name: str,
    secret: str | None,
    scopes: list[Scope],
    *,
    now: datetime,
    overlap: timedelta = timedelta(),
) -> None:
    """Make this the only token of this name from the settings; None leaves none.

    With an `overlap` the previous one stays valid that long, for processes that still use it.
    """
    token_hash = hash_secret(secret) if secret else None
    others = update(tokens).where(
        _column.name == name,
        _column.created_by == ENVIRONMENT,
        _column.revoked_at.is_(None),
        _column.token_hash.is_distinct_from(token_hash),
    )
    if token_hash and overlap:
        lasting = _column.expires_at.is_(None) | (_column.expires_at > now + overlap)
        connection.execute(others.where(lasting).values(expires_at=now + overlap))
    else:
        connection.execute(others.values(revoked_at=now))
    if token_hash:
        row = {"name": name, "scopes": _sorted(scopes), "created_by": ENVIRONMENT}
        statement = insert(tokens).values(token_hash=token_hash, **row)
        statement = statement.on_conflict_do_update(
            index_elements=["token_hash"], set_={**row, "revoked_at": None, "expires_at": None}
        )
        connection.execute(statement)


def _sorted(scopes: list[Scope]) -> list[str]:
    return [str(scope) for scope in Scope if scope in scopes]


def _format_token(row: Row[Any], now: datetime) -> dict[str, Any]:
    expired = row.expires_at is not None and row.expires_at <= now
    shown = ("id", "name", "scopes", "created_at", "created_by", "expires_at", "revoked_at")
    return {**{name: row._mapping[name] for name in shown}, "active": row.revoked_at is None and not expired}
