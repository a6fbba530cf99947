"""Secrets that sign webhooks: created here, shown once, stored encrypted."""

from base64 import b64encode
from secrets import token_bytes

from sqlalchemy import Connection, select

from metrics_api.access.identifiers import References
from metrics_api.db.tables import notification_rules

_PURPOSE = "webhook secret"
_SECRET_BYTES = 32


def create_signing_secret(references: References) -> tuple[str, bytes]:
    """A new secret as Standard Webhooks wants it, and its encrypted form."""
    secret = f"whsec_{b64encode(token_bytes(_SECRET_BYTES)).decode()}"
    return secret, references.seal(secret, purpose=_PURPOSE).encode()


def fetch_signing_secret(connection: Connection, references: References, rule_id: int) -> str | None:
    """The secret of a rule; None if its channel is not signed, or the rule is gone."""
    statement = select(notification_rules.c.sealed_secret).where(notification_rules.c.id == rule_id)
    sealed: bytes | None = connection.execute(statement).scalar_one_or_none()
    return references.unseal(sealed.decode(), purpose=_PURPOSE) if sealed else None
