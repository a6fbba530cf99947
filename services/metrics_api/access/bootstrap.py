"""Makes the first admin and the services' tokens from the settings; doing it again changes nothing."""

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from metrics_api.access.secrets import hash_secret
from metrics_api.access.sign_in import hash_password
from metrics_api.db.tables import people, tokens
from viral_engine.contract.people import Role, Scope
from viral_engine.settings import BootstrapSettings

_DASHBOARD_SCOPES = [Scope.SESSIONS_WRITE]
_WORKER_SCOPES = [Scope.JOBS_RUN]


def bootstrap(connection: Connection, settings: BootstrapSettings) -> None:
    """Make sure that the first admin can sign in and that the given tokens work."""
    if connection.execute(select(func.count()).select_from(people)).scalar_one() == 0:
        password_hash = hash_password(settings.admin_password.get_secret_value())
        row = {"email": settings.admin_email.lower(), "password_hash": password_hash, "role": Role.ADMIN}
        connection.execute(insert(people).values(row).on_conflict_do_nothing())
    _save_token(connection, "dashboard", settings.dashboard_token.get_secret_value(), _DASHBOARD_SCOPES)
    _save_token(connection, "workers", settings.worker_token.get_secret_value(), _WORKER_SCOPES)
    if settings.api_token:
        _save_token(connection, "local stack", settings.api_token.get_secret_value(), list(Scope))


def _save_token(connection: Connection, name: str, token: str, scopes: list[Scope]) -> None:
    row = {"name": name, "token_hash": hash_secret(token), "scopes": [str(scope) for scope in scopes]}
    statement = insert(tokens).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["token_hash"], set_={"scopes": row["scopes"]}))
