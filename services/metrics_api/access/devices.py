"""Tells devices that have signed in before from strangers, whose wrong guesses must not keep their owner out.

The browser keeps what it gets at a sign-in, and brings it along at the next one: guesses from there count by
themselves (what OWASP calls device cookies).
"""

import json

from metrics_api.access.identifiers import References
from metrics_api.access.secrets import create_secret

_PURPOSE = "device"


def create_device(references: References, email: str) -> str:
    """What a browser brings along from now on, good for this account alone."""
    return references.seal(json.dumps([email.lower(), create_secret()]), purpose=_PURPOSE)


def find_lane(references: References, email: str, device: str | None) -> str:
    """Who shares a count of wrong guesses: a device known to have signed in as `email`, else all strangers."""
    opened = device and references.unseal(device, purpose=_PURPOSE)
    if opened and json.loads(opened)[0] == email.lower():
        return opened
    return email
