"""The settings of the email worker."""

from pathlib import Path

from pydantic import Field, SecretStr

from viral_contract.models.email_address import EmailAddress
from viral_runtime.settings.base import EnvironmentSettings, Port
from viral_runtime.settings.fields import AllowedNetworks, EmailWorkerToken, MetricsApiUrl, RecipientDomains


class EmailWorkerSettings(EnvironmentSettings):
    """Where email workers reach the metrics API, and as whom."""

    metrics_api_url: MetricsApiUrl = "http://127.0.0.1:8000"
    email_worker_token: EmailWorkerToken


class EmailSettings(EnvironmentSettings):
    """How the email worker sends."""

    email_transport: str = Field(
        "smtp",
        pattern="^(smtp|file)$",
        description="smtp sends; file writes each message as an .eml file into EMAIL_FOLDER, for development. "
        "With file nobody gets anything.",
    )
    email_folder: Path = Field(
        Path("var/mail"), description="Folder of the file transport. What was written to another one stays there."
    )
    email_from: EmailAddress = Field(
        "reports@viral-guardrails.example",
        description="Sender of every email. Mail servers refuse one whose domain they may not send for.",
    )
    email_recipient_domains: RecipientDomains = ""
    smtp_host: str = Field(
        "127.0.0.1", min_length=1, description="The mail server. While it cannot be reached, emails are tried again."
    )
    smtp_port: Port = Field(
        587,
        description="Port of the mail server. It follows SMTP_SECURITY: 587 for starttls, 465 for tls; else nothing "
        "is sent.",
    )
    smtp_security: str = Field(
        "starttls",
        pattern="^(none|starttls|tls)$",
        description="How the connection is encrypted. With none, for tests, everybody on the way can read.",
    )
    smtp_username: str | None = Field(
        None, description="User at the mail server. Without one nobody signs in, and most servers refuse."
    )
    smtp_password: SecretStr | None = Field(
        None,
        description="Password or API key at the mail server. Changing it there, change it here, or nothing is sent.",
    )
    smtp_timeout_seconds: float = Field(
        20,
        gt=0,
        le=40,
        description="Seconds to wait for each answer of the mail server. Must stay below DELIVERY_LEASE_SECONDS.",
    )


class WebhookSettings(EnvironmentSettings):
    """How the email worker calls webhooks."""

    webhook_timeout_seconds: float = Field(
        10,
        gt=0,
        le=40,
        description="Seconds within which a webhook must have answered. Longer lets slow ones hold up the others.",
    )
    webhook_allowed_networks: AllowedNetworks = ""
