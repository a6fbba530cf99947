"""Who sent the request in hand, and from where, for the audit; known to the thread that serves it."""

from contextvars import ContextVar
from dataclasses import dataclass

SYSTEM = "system"
VISITOR = "visitor"
"""Keys of actors without one of their own: what the service does by itself, and somebody who has not signed in."""


@dataclass(frozen=True)
class Actor:
    """The address of the caller, None outside of a request, and the caller's key, which no name can imitate."""

    address: str | None = None
    actor_key: str = SYSTEM


_actor: ContextVar[Actor | None] = ContextVar("request_actor", default=None)


def note_actor(actor: Actor) -> None:
    """Remember whose request this thread serves from now on."""
    _actor.set(actor)


def current_actor() -> Actor:
    """Who is calling, and from where."""
    return _actor.get() or Actor()
