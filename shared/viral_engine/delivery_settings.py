"""Settings of email and webhooks. Rules and forms are those of `viral_engine.settings`."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, EmailStr, Field, SecretStr

from viral_engine.settings import EnvironmentSettings, Port
from viral_engine.webhook_targets import read_networks


def _check_networks(networks: str) -> str:
    """Refuse what is no list of networks."""
    try:
        read_networks(networks)
    except ValueError as error:
        raise ValueError(f"WEBHOOK_ALLOWED_NETWORKS: {error}; each network is such as 10.0.0.0/8.") from error
    return networks


AllowedNetworks = Annotated[
    str,
    AfterValidator(_check_networks),
    Field(
        description="Networks in CIDR form, separated by commas, that webhooks may reach although they are private or "
        "loopback. Empty allows public addresses only. The API refuses such rules at once, the worker at each call."
    ),
]


class DeliverySettings(EnvironmentSettings):
    """How the metrics API keeps deliveries and the links in them."""

    delivery_lease_seconds: float = Field(
        60,
        gt=0,
        description="Seconds for which a worker holds a delivery before it sends. "
        "Longer recovers later from a killed worker; it must exceed SMTP_TIMEOUT_SECONDS.",
    )
    sending_lease_seconds: float = Field(
        900,
        gt=0,
        description="Seconds after which a delivery whose worker fell silent while sending is held as uncertain.",
    )
    delivery_prune_days: int = Field(
        7, ge=1, le=366, description="Days for which the rendered content of ended deliveries is kept."
    )
    public_dashboard_url: str = Field(
        "http://127.0.0.1:8050",
        pattern="^https?://",
        description="Where people reach the dashboard; links in emails and notifications begin with it.",
    )
    message_id_domain: str = Field(
        "viral-guardrails.invalid",
        pattern=r"^[A-Za-z0-9.-]+$",
        description="Domain of the Message-ID of emails; use the domain of EMAIL_FROM.",
    )
    notification_burst: int = Field(
        3,
        ge=1,
        le=100,
        description="Messages that one notification rule sends within NOTIFICATION_WINDOW_MINUTES; "
        "further news waits and is told in one digest.",
    )
    notification_window_minutes: float = Field(
        10, gt=0, le=1440, description="Minutes over which NOTIFICATION_BURST is counted. Longer sends fewer messages."
    )
    webhook_allowed_networks: AllowedNetworks = ""
    takedown_webhook_url: str | None = Field(
        None,
        pattern="^https?://",
        description="Address that is called for every item with a new violation, so that the app can hide it. "
        "Without it nobody is called.",
    )
    takedown_webhook_secret: SecretStr | None = Field(
        None, min_length=32, description="Secret that signs those calls. Without it they are not signed."
    )


class EmailSettings(EnvironmentSettings):
    """How the email worker sends."""

    email_transport: str = Field(
        "smtp",
        pattern="^(smtp|file)$",
        description="smtp sends; file writes each message as an .eml file into EMAIL_FOLDER, for development.",
    )
    email_folder: Path = Field(Path("var/mail"), description="Folder of the file transport.")
    email_from: EmailStr = Field("reports@viral-guardrails.example", description="Sender of every email.")
    smtp_host: str = Field("127.0.0.1", min_length=1, description="The mail server.")
    smtp_port: Port = Field(587, description="Port of the mail server: 587 for starttls, 465 for tls.")
    smtp_security: str = Field(
        "starttls",
        pattern="^(none|starttls|tls)$",
        description="How the connection is encrypted; none is for tests on one machine.",
    )
    smtp_username: str | None = Field(None, description="User at the mail server; without one nobody signs in.")
    smtp_password: SecretStr | None = Field(None, description="Password or API key at the mail server.")
    smtp_timeout_seconds: float = Field(
        20,
        gt=0,
        le=40,
        description="Seconds to wait for each answer of the mail server. Must stay below DELIVERY_LEASE_SECONDS.",
    )


class WebhookSettings(EnvironmentSettings):
    """How the email worker calls webhooks."""

    webhook_timeout_seconds: float = Field(
        10, gt=0, le=40, description="Seconds within which a webhook must have answered."
    )
    webhook_allowed_networks: AllowedNetworks = ""
