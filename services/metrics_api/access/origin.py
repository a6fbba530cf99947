"""Where the request in hand comes from, for the audit; known to the thread that serves it."""

from contextvars import ContextVar

_address: ContextVar[str | None] = ContextVar("request_address", default=None)


def note_origin(address: str | None) -> None:
    """Remember whose request this thread serves from now on."""
    _address.set(address)


def current_origin() -> str | None:
    """The address of the caller, None outside of a request."""
    return _address.get()
