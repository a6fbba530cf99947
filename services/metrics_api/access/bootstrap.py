"""Creates the first admin and the services' tokens from the settings; repeating it changes nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert

from metrics_api.access.audit import save_audit_entry
from metrics_api.access.lockout import forget_failures
from metrics_api.access.passwords import check_password, hash_password, is_password
from metrics_api.access.people import end_sessions
from metrics_api.access.secrets import create_secret
from metrics_api.access.tokens import ENVIRONMENT, save_environment_token
from metrics_api.db.tables import people
from metrics_api.settings.api import BootstrapSettings
from viral_contract.models.people import Role, Scope

TOKEN_OVERLAP = timedelta(hours=1)
"""How long the previous token keeps working: longer than it takes to replace the processes that use it."""
_DASHBOARD_SCOPES = [Scope.SESSIONS_WRITE]
Say = Callable[[str], None]


def bootstrap(
    connection: Connection, settings: BootstrapSettings, *, restore_admin: bool, now: datetime, say: Say
) -> None:
    """Make sure that the admin can sign in and that the given tokens work; `say` reports changes.

    The admin's password is set when it is given for the first time or differs from the one given before. A password
    that the admin has chosen since then stays, unless `restore_admin`. Raises WeakPasswordError for a new password
    that is easy to guess.
    """
    if settings.admin_password is not None:
        given = settings.admin_password.get_secret_value()
        _apply_password(connection, settings.admin_email.lower(), given, restore_admin, now=now, say=say)
    elif not _has_people(connection):
        password = create_secret()
        _save_admin(connection, settings.admin_email.lower(), password, now=now)
        say(f"The first admin is {settings.admin_email}, with the password {password} - it won't be shown again.")
    at_once = timedelta()
    for name, token, scopes, overlap in (
        ("dashboard", settings.dashboard_token, _DASHBOARD_SCOPES, TOKEN_OVERLAP),
        ("report workers", settings.report_worker_token, [Scope.JOBS_REPORTS], TOKEN_OVERLAP),
        ("email workers", settings.email_worker_token, [Scope.JOBS_DELIVERIES], TOKEN_OVERLAP),
        ("workers", None, [], at_once),  # All services shared this token before each had its own.
        ("local stack", settings.api_token, list(Scope), at_once),
    ):
        secret = token.get_secret_value() if token else None
        save_environment_token(connection, name, secret, scopes, now=now, overlap=overlap)


def _apply_password(
    connection: Connection, email: str, password: str, restore_admin: bool, *, now: datetime, say: Say
) -> None:
    row = connection.execute(select(people).where(people.c.email == email)).one_or_none()
    if row is None or not is_password(row.environment_hash, password):
        check_password(password, email)
    if row is None:
        _save_admin(connection, email, password, now=now)
        say(f"{email} is now an admin, with the password from ADMIN_PASSWORD.")
    elif not is_password(row.environment_hash, password):
        _save_admin(connection, email, password, now=now)
        say(f"Password for {email} changed to ADMIN_PASSWORD.")
    elif restore_admin and not _is_usable(row, password):
        _save_admin(connection, email, password, now=now)
        say(f"Password for {email} reset to ADMIN_PASSWORD. It had been changed in the dashboard.")


def _is_usable(row: Row[tuple[object, ...]], password: str) -> bool:
    is_active_admin = row.role == Role.ADMIN and row.deactivated_at is None
    return is_active_admin and is_password(row.password_hash, password)


def _has_people(connection: Connection) -> bool:
    return connection.execute(select(people.c.id).limit(1)).first() is not None


def _save_admin(connection: Connection, email: str, password: str, *, now: datetime) -> None:
    hashed = hash_password(password)
    row = {"password_hash": hashed, "environment_hash": hashed, "role": Role.ADMIN, "deactivated_at": None}
    statement = insert(people).values(email=email, created_at=now, **row)
    saved = statement.on_conflict_do_update(index_elements=["email"], set_=row).returning(people.c.id)
    person_id = connection.execute(saved).scalar_one()
    end_sessions(connection, person_id)
    forget_failures(connection, email)
    subject = f"person:{person_id}"
    save_audit_entry(connection, actor=ENVIRONMENT, action="set_admin_password", subject=subject, now=now)
