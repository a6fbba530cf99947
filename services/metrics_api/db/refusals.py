"""Explains to operators why PostgreSQL refused a command, and whether trying again can help."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

_FORM = "postgresql://USER:PASSWORD@HOST:5432/NAME"
# A refused connection has no SQLSTATE, only a message; one that is not in English is retried.
_FINAL_WORDS = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "is not permitted to log in",
    "permission denied",
    "must be owner of",
    "certificate",
    "server does not support SSL",
    "invalid connection option",
    "invalid URI",
    "invalid port",
    "invalid integer value",
    "invalid sslmode value",
)


@contextmanager
def refusals_explained(variable: str, database_url: str) -> Iterator[None]:
    """Exit with code 78 if the database of this variable will refuse the next try too, with 75 if it may not.

    The message on standard error names the variable. Other errors propagate.
    """
    try:
        make_url(database_url)
    except (ArgumentError, ValueError):
        _end(os.EX_CONFIG, f"{variable} is not a PostgreSQL URL such as {_FORM}. Fix it.")
    try:
        yield
    except DBAPIError as error:
        reason = _shorten(error)
        if any(words in reason for words in _FINAL_WORDS):
            _end(
                os.EX_CONFIG,
                f"The database of {variable} refused the connection: {reason}. Fix {variable} or its privileges.",
            )
        if isinstance(error, OperationalError):
            _end(os.EX_TEMPFAIL, f"The database of {variable} is unavailable: {reason}. Try again.")
        raise


def _shorten(error: DBAPIError) -> str:
    """PostgreSQL's own message on one line, without the library's prefix."""
    return " ".join(str(error.orig).split()).removeprefix("connection failed: ").rstrip(".")


def _end(code: int, sentence: str) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(code)
