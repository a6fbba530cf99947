"""The settings of the email worker."""

from pathlib import Path

from pydantic import Field, SecretStr

from viral_contract.models.values import EmailAddress
from viral_runtime.settings.base import EnvironmentSettings, Port
from viral_runtime.settings.fields import AllowedNetworks, EmailWorkerToken, MetricsApiUrl, RecipientDomains


class EmailWorkerSettings(EnvironmentSettings):
    """Connection of email workers to the metrics API."""

    metrics_api_url: MetricsApiUrl = "http://127.0.0.1:8000"
    email_worker_token: EmailWorkerToken


class EmailSettings(EnvironmentSettings):
    """Sending email."""

    email_transport: str = Field(
        "smtp",
        pattern="^(smtp|file)$",
        description="smtp sends; file writes each message as an .eml file to EMAIL_FOLDER, for development. With "
        "file, nothing is delivered.",
    )
    email_folder: Path = Field(
        Path("var/mail"),
        description="Folder of the file transport. Changing it leaves existing messages in the old folder.",
    )
    email_from: EmailAddress = Field(
        "reports@viral-guardrails.example",
        description="Sender of every email. Mail servers refuse a sender whose domain they may not send for.",
    )
    email_recipient_domains: RecipientDomains = ""
    smtp_host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Host name of the mail server. While it is unreachable, emails are retried.",
    )
    smtp_port: Port = Field(
        587,
        description="Port of the mail server. It must match SMTP_SECURITY: 587 for starttls, 465 for tls. "
        "Otherwise nothing is sent.",
    )
    smtp_security: str = Field(
        "starttls",
        pattern="^(none|starttls|tls)$",
        description="Encryption of the connection. With none, for tests only, anyone on the network can read the "
        "messages.",
    )
    smtp_username: str | None = Field(
        None, description="User name at the mail server. Without it, nothing signs in, and most servers refuse."
    )
    smtp_password: SecretStr | None = Field(
        None,
        description="Password or API key at the mail server. Change it here whenever it changes there, or nothing "
        "is sent.",
    )
    smtp_timeout_seconds: float = Field(
        20,
        gt=0,
        le=40,
        description="Seconds to wait for each response of the mail server. Must stay below DELIVERY_LEASE_SECONDS.",
    )


class WebhookSettings(EnvironmentSettings):
    """Calling webhooks."""

    webhook_timeout_seconds: float = Field(
        10,
        gt=0,
        le=40,
        description="Seconds in which a webhook must respond. Longer lets slow webhooks hold up the others.",
    )
    webhook_allowed_networks: AllowedNetworks = ""
