"""Signing in and out. A session is the API's own: the browser holds a secret of which only the hash is stored.

The browser also keeps a device token from its last sign-in (an OWASP device cookie). Failed attempts of such a device
are counted separately, so that a stranger's guesses do not lock the owner out.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from metrics_api.access.audit import current_actor, save_audit_entry
from metrics_api.access.identifiers import References
from metrics_api.access.lockout import forget_failures
from metrics_api.access.secrets import create_secret, hash_secret
from metrics_api.db.tables import audit_entries, people, refused_sign_ins, sessions
from viral_contract.models.people import Person, Role, SessionCreated


@dataclass(frozen=True)
class Account:
    """The account of an email."""

    person: Person
    password_hash: str | None


_PURPOSE = "device"


def fetch_account(connection: Connection, email: str) -> Account | None:
    """The account of an active person."""
    row = connection.execute(select(people).filter_by(email=email.lower(), deactivated_at=None)).one_or_none()
    if row is None:
        return None
    return Account(Person(id=row.id, email=row.email, role=Role(row.role)), row.password_hash)


def save_session(
    connection: Connection, account: Account, *, lane: str | None = None, by: str, now: datetime, lifetime: timedelta
) -> SessionCreated | None:
    """Start a session, or return None if the account has changed since it was read.

    `lane` is the count of failures to reset: by default that of everyone who tried this email.
    """
    unchanged = update(people).where(
        people.c.id == account.person.id,
        people.c.password_hash.is_not_distinct_from(account.password_hash),
        people.c.deactivated_at.is_(None),
    )
    if connection.execute(unchanged.values(signed_in_at=now)).rowcount == 0:
        return None
    secret, expires_at = create_secret(), now + lifetime
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    row = {"secret_hash": hash_secret(secret), "person_id": account.person.id, "expires_at": expires_at, "seen_at": now}
    connection.execute(insert(sessions).values(row))
    forget_failures(connection, lane or account.person.email)
    key = f"person:{account.person.id}"
    email, details = account.person.email, {"by": by}
    save_audit_entry(
        connection, actor=email, actor_key=key, action="sign_in", subject="session", details=details, now=now
    )
    return SessionCreated(secret=secret, expires_at=expires_at, person=account.person)


def note_refusal(connection: Connection, email: str, network: str, *, by: str, now: datetime) -> None:
    """Count a refused sign-in: one audit entry per account, network and hour, however many there are."""
    caller = current_actor()
    once_key = f"refuse_sign_in {email} {network} {now:%Y-%m-%dT%H}"
    first = insert(refused_sign_ins).values(once_key=once_key, refusals=1, last_at=now)
    counted = first.on_conflict_do_update(
        index_elements=["once_key"], set_={"refusals": refused_sign_ins.c.refusals + 1, "last_at": now}
    )
    if connection.execute(counted.returning(refused_sign_ins.c.refusals)).scalar_one() == 1:
        row = {"at": now, "actor": email, "action": "refuse_sign_in", "subject": "session", "details": {"by": by}}
        entry = insert(audit_entries).values(**row, once_key=once_key, **asdict(caller))
        connection.execute(entry.on_conflict_do_nothing(index_elements=["once_key"]))


def sign_out(connection: Connection, secret: str) -> None:
    """End the session."""
    connection.execute(delete(sessions).where(sessions.c.secret_hash == hash_secret(secret)))


def create_device(references: References, email: str) -> str:
    """A device token for the browser, valid for this account only."""
    return references.seal(json.dumps([email.lower(), create_secret()]), purpose=_PURPOSE)


def find_lane(references: References, email: str, device: str | None) -> str:
    """The lane of failures to count: that of a device that has signed in as `email`, else that of all others."""
    opened = device and references.unseal(device, purpose=_PURPOSE)
    if opened and json.loads(opened)[0] == email.lower():
        return opened
    return email
