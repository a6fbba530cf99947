"""Settings of the metrics API, its bootstrap and its migrations."""

from pathlib import Path

from pydantic import Field, SecretStr

from viral_contract.models.values import EmailAddress
from viral_runtime.settings.base import EnvironmentSettings, Port
from viral_runtime.settings.fields import BindHost, DashboardToken, EmailWorkerToken, RedisUrl, ReportWorkerToken


class ApiSettings(EnvironmentSettings):
    """Metrics API."""

    database_url: str = Field(
        pattern="^postgresql(\\+psycopg)?://",
        description="PostgreSQL 18 or newer; `make run` starts an embedded one if it is not set. Another database "
        "has other data.",
    )
    redis_url: RedisUrl
    identifier_key: SecretStr = Field(
        min_length=32,
        description="Secret for references to masked identifiers. Changing it breaks old links to investigations.",
    )
    bind_host: BindHost = "127.0.0.1"
    metrics_api_port: Port = Field(
        8000, description="Port of the metrics API. If you change it, change METRICS_API_URL for all clients."
    )
    metrics_api_threads: int = Field(
        8,
        ge=1,
        le=64,
        description="Concurrent requests per web process, and the size of its database pool. More use more "
        "PostgreSQL connections; with fewer, requests wait.",
    )
    metrics_api_processes: int = Field(
        0,
        ge=0,
        le=32,
        description="Web processes of the metrics API; 0 is one per core that the container's CPU limit allows, "
        "at most 8. More use more cores, memory and database pools.",
    )
    flags_file: Path | None = Field(
        None,
        description="Feature flags file in flagd's format, watched for changes. Without it, all flags have their "
        "defaults.",
    )
    session_hours: int = Field(
        12,
        ge=1,
        le=720,
        description="Hours before a person must sign in again. Longer leaves an unattended browser signed in longer.",
    )
    pii_phone_region: str = Field(
        "US",
        pattern="^[A-Z]{2}$",
        description="Region (ISO 3166) for phone numbers without an international prefix. Changes apply to new "
        "scans only.",
    )
    pii_scan_seconds: float = Field(
        1,
        gt=0,
        le=2,
        description="CPU seconds for scanning one share or reel when it is written, and ten times that "
        "afterwards. Less counts more items as violations until they are scanned; more lets hard "
        "texts slow down writes.",
    )


class BootstrapSettings(EnvironmentSettings):
    """First admin and initial service tokens, read only by `python -m metrics_api bootstrap`."""

    admin_email: EmailAddress = Field(
        description="Email of the first admin, used to sign in. A new value, with ADMIN_PASSWORD, creates another "
        "admin."
    )
    admin_password: SecretStr | None = Field(
        None,
        min_length=12,
        description="Password of the first admin. Changing it changes the admin's password and ends their "
        "sessions. Without it, one is generated and printed once.",
    )
    dashboard_token: DashboardToken
    report_worker_token: ReportWorkerToken
    email_worker_token: EmailWorkerToken
    api_token: SecretStr | None = Field(
        None, min_length=32, description="A token with every scope, for a local stack. Do not set it in production."
    )


class MigrationSettings(EnvironmentSettings):
    """Owner of the database schema, read only by `python -m metrics_api migrate`."""

    migration_database_url: SecretStr | None = Field(
        None,
        description="The database as the owner of its schema. DATABASE_URL then names another user, who cannot "
        "change or delete audit entries. Without it, DATABASE_URL does both.",
    )
