"""Passwords: hashed by argon2id with the library's parameters, and refused where they are easy to guess.

Guessed first are common ones, and those made of what is known about the person or the product.
"""

import re

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from zxcvbn import zxcvbn  # type: ignore[import-untyped]

from metrics_api.access.secrets import create_secret

_hasher = PasswordHasher()
# Verified if there is no password, so that the answer takes as long as for a wrong one.
_NOBODYS_HASH = _hasher.hash(create_secret())
_PRODUCT_WORDS = ("viral", "guardrails", "guardrail", "engine", "metrics", "dashboard")
_SHORTEST_WORD = 3
# Of 4: 10^8 guesses or more, which take years with the slow hash and the lockout.
_LEAST_SCORE = 3
# The library tries every letter that each sign may stand for, and takes seconds for a dozen of them.
_SIGNS = dict(zip("@({[<|!$+%", "acccclistx", strict=True))
_MOST_SIGNS = 3
_MANY_DIGITS = 5
_MOST_CHARACTERS = 48
_ADVICE = "Try three or four words unrelated to each other and to you."


class WeakPasswordError(Exception):
    """The password is easy to guess; the message is for the person who chose it."""


def hash_password(password: str) -> str:
    """The argon2id hash that is stored."""
    return _hasher.hash(password)


def is_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; takes as long if the account has none."""
    try:
        _hasher.verify(password_hash or _NOBODYS_HASH, password)
    except VerifyMismatchError:
        return False
    return password_hash is not None


def check_password(password: str, email: str) -> None:
    """Raise WeakPasswordError for a password that is common or made of its owner's or the product's words."""
    words = _find_words(email)
    if _is_weak(password, words):
        raise WeakPasswordError(f"This password is too easy to guess: it is common or follows a pattern. {_ADVICE}")
    rest = password.casefold()
    for word in words:
        rest = rest.replace(word, "")
    if rest != password.casefold() and _is_weak(rest, words):
        raise WeakPasswordError(
            f"This password is too easy to guess: it contains your name, your email or this product's name. {_ADVICE}"
        )


def _find_words(email: str) -> list[str]:
    """The names of the person and the product, longest first."""
    local, _, domain = email.casefold().partition("@")
    parts = re.split(r"[\W_\d]+", f"{local} {domain}")
    words = {email.casefold(), local, domain, *parts, *_PRODUCT_WORDS}
    return sorted((word for word in words if len(word) >= _SHORTEST_WORD), key=len, reverse=True)


def _is_weak(password: str, words: list[str]) -> bool:
    bounded = _bound_signs(password[:_MOST_CHARACTERS])
    return not bounded or zxcvbn(bounded, user_inputs=words)["score"] < _LEAST_SCORE


def _bound_signs(password: str) -> str:
    """The password with at most a few different signs; the others become the letters that they stand for."""
    digits = {char for char in password if char.isdigit()}
    signs = dict.fromkeys(char for char in password if char in _SIGNS)
    kept = [] if len(digits) >= _MANY_DIGITS else list(signs)[:_MOST_SIGNS]
    return "".join(char if char in kept else _SIGNS.get(char, char) for char in password)
