"""Passwords: hashed by argon2id with the library's own, current parameters."""

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from metrics_api.access.secrets import create_secret

_hasher = PasswordHasher()
# Verified where there is no password, so that the answer takes as long as for a wrong one.
_NOBODYS_HASH = _hasher.hash(create_secret())


def hash_password(password: str) -> str:
    """The argon2id hash that is stored."""
    return _hasher.hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Whether it is the password; takes as long where there is none."""
    try:
        _hasher.verify(password_hash or _NOBODYS_HASH, password)
    except VerifyMismatchError:
        return False
    return password_hash is not None
