"""Secrets are random and long, so that their plain SHA-256 is enough to look them up."""

import hashlib
import secrets


def create_secret() -> str:
    """A new secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """The hash that is stored instead of the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
