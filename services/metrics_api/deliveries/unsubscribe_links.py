"""Links by which the recipient of an email ends the subscription.

The token is the address, encrypted by AES-SIV, which also proves that it was made here. Logs that hold the link
therefore hold no address. It does not expire: a link in an old email has to work, too.
"""

from metrics_api.access.identifiers import References

_PURPOSE = "unsubscribe"


def build_unsubscribe_url(public_url: str, references: References, email: str) -> str:
    """The page of the dashboard, reached by `public_url`, on which the address ends its subscriptions."""
    return f"{public_url.rstrip('/')}/unsubscribe/{references.seal(email, purpose=_PURPOSE)}"


def read_unsubscribe_token(references: References, token: str) -> str | None:
    """The address that the token was made for, or None when it was not made here."""
    return references.unseal(token, purpose=_PURPOSE)
