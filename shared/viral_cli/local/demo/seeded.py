"""Seeded randomness and ids: the same key always gives the same result."""

import hashlib
import random
import uuid

SEED = "viral-guardrails"
_EVENTS = uuid.uuid5(uuid.NAMESPACE_URL, f"https://example.com/demo/{SEED}")


def stream(*key: object) -> random.Random:
    """A random stream for one day, person or link."""
    return random.Random(_named(key))  # noqa: S311 # Demo data must repeat, not be hard to guess.


def opaque_id(prefix: str, *key: object) -> str:
    """An opaque id, such as `usr_5f0c2f6b1d2e`."""
    return f"{prefix}_{_digest((prefix, *key), 6)}"


def fingerprint(*key: object) -> str:
    """The fingerprint of a device: 32 hexadecimal digits."""
    return _digest(key, 16)


def event_id(*key: object) -> str:
    """The UUID of an event, so that loading it again is a duplicate."""
    return str(uuid.uuid5(_EVENTS, _named(key)))


def _named(key: tuple[object, ...]) -> str:
    return "/".join(map(str, (SEED, *key)))


def _digest(key: tuple[object, ...], size: int) -> str:
    return hashlib.blake2b(_named(key).encode(), digest_size=size).hexdigest()
