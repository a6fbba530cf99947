"""Who sent the request in hand, and from where, for the audit; known to the thread that serves it."""

from contextvars import ContextVar
from dataclasses import dataclass

SYSTEM = "system"
VISITOR = "visitor"
"""Keys of actors without one of their own: what the service does by itself, and somebody who has not signed in."""


@dataclass(frozen=True)
class Origin:
    """The address of the caller, None outside of a request, and the caller's key, which no name can imitate."""

    address: str | None = None
    actor_key: str = SYSTEM


_origin: ContextVar[Origin | None] = ContextVar("request_origin", default=None)


def note_origin(origin: Origin) -> None:
    """Remember whose request this thread serves from now on."""
    _origin.set(origin)


def current_origin() -> Origin:
    """Who is calling, and from where."""
    return _origin.get() or Origin()
