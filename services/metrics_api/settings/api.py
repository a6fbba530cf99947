"""What the metrics API needs to run, and to be set up."""

from pathlib import Path

from pydantic import Field, SecretStr

from viral_contract.models.email_address import EmailAddress
from viral_runtime.settings.base import EnvironmentSettings, Port
from viral_runtime.settings.fields import BindHost, DashboardToken, EmailWorkerToken, RedisUrl, ReportWorkerToken


class ApiSettings(EnvironmentSettings):
    """What the metrics API needs to run."""

    database_url: str = Field(
        pattern="^postgresql(\\+psycopg)?://",
        description="PostgreSQL 18 or newer; `make run` starts an embedded one when it is absent. "
        "Another one holds other data.",
    )
    redis_url: RedisUrl
    identifier_key: SecretStr = Field(
        min_length=32,
        description="Secret from which references to masked identifiers are made. "
        "Changing it makes old links to investigations invalid.",
    )
    bind_host: BindHost = "127.0.0.1"
    metrics_api_port: Port = Field(
        8000, description="Port of the metrics API. Changing it changes METRICS_API_URL for all who call."
    )
    metrics_api_threads: int = Field(
        8,
        ge=1,
        le=64,
        description="Requests that one web process serves at once, and the size of its database pool. "
        "More take more connections of PostgreSQL; fewer let requests wait.",
    )
    metrics_api_processes: int = Field(
        1,
        ge=1,
        le=32,
        description="Web processes of the metrics API. More use more cores, memory and database pools.",
    )
    flags_file: Path | None = Field(
        None,
        description="File with the feature flags in flagd's format, watched for changes. "
        "Without it all have their default.",
    )
    session_hours: int = Field(
        12,
        ge=1,
        le=720,
        description="Hours after which a person must sign in again. "
        "Longer leaves a browser that nobody watches open longer.",
    )
    pii_phone_region: str = Field(
        "US",
        pattern="^[A-Z]{2}$",
        description="Region (ISO 3166) by whose rules a phone number without international prefix is judged. "
        "Holds for what is scanned from then on.",
    )
    pii_scan_seconds: float = Field(
        1,
        gt=0,
        le=2,
        description="Seconds of processor time for scanning one share or reel while it is written, and ten times that "
        "afterwards. Less counts more of them as violations until they are scanned; more lets texts slow writes.",
    )


class BootstrapSettings(EnvironmentSettings):
    """The first admin and the tokens that services start with; read once, by `python -m metrics_api bootstrap`."""

    admin_email: EmailAddress = Field(
        description="Address by which the first admin signs in. Another one with ADMIN_PASSWORD makes another admin."
    )
    admin_password: SecretStr | None = Field(
        None,
        min_length=12,
        description="Password of the first admin. Changing it here changes it there and ends their sessions; "
        "without it one is made and printed once.",
    )
    dashboard_token: DashboardToken
    report_worker_token: ReportWorkerToken
    email_worker_token: EmailWorkerToken
    api_token: SecretStr | None = Field(
        None, min_length=32, description="A token with every scope, for a local stack. Leave it out in production."
    )


class MigrationSettings(EnvironmentSettings):
    """Who changes the schema of the database; read by `python -m metrics_api migrate` alone."""

    migration_database_url: SecretStr | None = Field(
        None,
        description="The database as the owner of its schema, where DATABASE_URL names another user, who then can "
        "neither change nor delete what the audit holds. Without it DATABASE_URL does both.",
    )
