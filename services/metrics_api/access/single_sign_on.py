"""People who sign in through the company's identity provider: their role and their account."""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert

from metrics_api.access.audit import SYSTEM, save_audit_entry
from metrics_api.access.identifiers import References
from metrics_api.access.open_id import OpenIdProvider, Secrets, SignOnRefusedError, VerifiedPerson, read_groups
from metrics_api.access.people import end_password, end_sessions, has_admin, lock_admins, note
from metrics_api.access.secrets import create_secret
from metrics_api.access.sign_in import Account
from metrics_api.db.tables import people
from metrics_api.settings.access import SingleSignOnSettings
from viral_contract.models.people import Person, Role
from viral_contract.models.single_sign_on import SingleSignOnStarted

FLOW_LIFETIME = timedelta(minutes=10)
ACTOR = "single sign-on"
_PURPOSE = "single sign-on"


def start_flow(
    provider: OpenIdProvider, references: References, redirect_uri: str, *, now: datetime
) -> SingleSignOnStarted:
    """Send the browser to the provider. It keeps the secrets of the sign-in, sealed."""
    secrets = Secrets(create_secret(), create_secret(), create_secret())
    until = (now + FLOW_LIFETIME).isoformat()
    kept = json.dumps([secrets.state, secrets.nonce, secrets.verifier, redirect_uri, until])
    url = provider.build_authorization_url(redirect_uri, secrets)
    return SingleSignOnStarted(authorization_url=url, flow=references.seal(kept, purpose=_PURPOSE))


def open_flow(references: References, flow: str, state: str, *, now: datetime) -> tuple[Secrets, str]:
    """The secrets and redirect URL of a sign-in. Raises SignOnRefusedError if it is not this browser's, or too old."""
    kept = references.unseal(flow, purpose=_PURPOSE)
    if kept is None:
        raise SignOnRefusedError("This sign-in was not started in this browser.")
    *secrets, redirect_uri, until = json.loads(kept)
    known = Secrets(*secrets)
    if known.state != state:
        raise SignOnRefusedError("This sign-in was not started in this browser.")
    if datetime.fromisoformat(until) < now:
        raise SignOnRefusedError("The sign-in took more than 10 minutes.")
    return known, redirect_uri


def find_role(claims: dict[str, Any], settings: SingleSignOnSettings) -> Role:
    """The highest role of the person's groups. Raises SignOnRefusedError if no group has one."""
    role = settings.find_role(read_groups(claims, settings.oidc_groups_claim))
    if role is None:
        raise SignOnRefusedError(
            "Your account is not in a group with access to Viral Guardrails. Ask your administrator."
        )
    return role


def save_signed_on(
    connection: Connection, signed_on: VerifiedPerson, role: Role, *, keeps_password: bool = False, now: datetime
) -> Account:
    """The account of a person verified by the provider, created at the first sign-in, with the role of its groups.

    The last admin stays one. From now on the person signs in through the provider only: a password set here is removed,
    unless it `keeps_password`.

    Raises SignOnRefusedError if the person is deactivated, or the email belongs to another identity.
    """
    email, identity = signed_on.email, signed_on.identity
    lock_admins(connection)
    before = _fetch_known(connection, identity, email)
    if before is not None and before.deactivated_at is not None:
        raise SignOnRefusedError("Your account is deactivated. Ask an admin of Viral Guardrails.")
    if before is None:
        values = {"email": email, "identity": identity, "role": role, "created_at": now}
        created = insert(people).values(values).on_conflict_do_nothing().returning(people)
        after = connection.execute(created).one_or_none()
        if after is None:
            # A simultaneous first sign-in of the same person created the account.
            return save_signed_on(connection, signed_on, role, keeps_password=keeps_password, now=now)
    else:
        after = _change(connection, before, identity, role, now=now)
        if not keeps_password:
            after = end_password(connection, after.id)
    if before is None or _rights(before) != _rights(after):
        end_sessions(connection, after.id)
        note(connection, after.id, "sign_on_person", before, after, actor=ACTOR, actor_key=SYSTEM, now=now)
    return Account(Person(id=after.id, email=after.email, role=Role(after.role)), after.password_hash)


def _rights(row: Row[Any]) -> tuple[object, ...]:
    return row.role, row.identity, row.password_hash


def _change(connection: Connection, before: Row[Any], identity: str, role: Role, *, now: datetime) -> Row[Any]:
    """Set a known person's identity and role; the last admin stays one, whatever the groups."""
    changed = people.update().where(people.c.id == before.id).values(identity=identity).returning(people)
    after = connection.execute(changed.values(role=role)).one()
    if before.role != Role.ADMIN or has_admin(connection):
        return after
    subject, details = f"person:{before.id}", {"role_of_groups": role}
    action = "keep_last_admin"
    save_audit_entry(
        connection, actor=ACTOR, actor_key=SYSTEM, action=action, subject=subject, details=details, now=now
    )
    return connection.execute(changed.values(role=before.role)).one()


def _fetch_known(connection: Connection, identity: str, email: str) -> Row[Any] | None:
    """The known account: by the provider's subject, else by the email."""
    statement = select(people).with_for_update()
    known = connection.execute(statement.where(people.c.identity == identity)).one_or_none()
    if known is not None:
        return known
    namesake = connection.execute(statement.where(people.c.email == email)).one_or_none()
    if namesake is not None and namesake.identity is not None:
        raise SignOnRefusedError(
            "Another account of the identity provider has already signed in with your email address."
        )
    return namesake
