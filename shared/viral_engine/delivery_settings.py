"""Settings of email and webhooks. Rules and forms are those of `viral_engine.settings`."""

from pathlib import Path

from pydantic import Field, SecretStr

from viral_engine.contract.email_address import EmailAddress
from viral_engine.settings import EnvironmentSettings, Port
from viral_engine.shared_fields import AllowedNetworks, PublicDashboardUrl, RecipientDomains


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
        description="Seconds after which a delivery whose worker fell silent while sending is held as uncertain. "
        "Shorter asks people sooner, perhaps about a message that is still on its way.",
    )
    delivery_prune_days: int = Field(
        7,
        ge=1,
        le=366,
        description="Days for which the rendered content of ended deliveries is kept. "
        "Longer lets people read older messages, and keeps what they hold.",
    )
    public_dashboard_url: PublicDashboardUrl = "http://127.0.0.1:8050"
    message_id_domain: str = Field(
        "viral-guardrails.invalid",
        pattern=r"^[A-Za-z0-9.-]+$",
        description="Domain of the Message-ID of emails. Use that of EMAIL_FROM: another one looks like spam.",
    )
    notification_burst: int = Field(
        3,
        ge=1,
        le=100,
        description="Messages that one notification rule sends within NOTIFICATION_WINDOW_MINUTES. "
        "Further news waits and is told in one digest, sooner with fewer.",
    )
    notification_window_minutes: float = Field(
        10, gt=0, le=1440, description="Minutes over which NOTIFICATION_BURST is counted. Longer sends fewer messages."
    )
    webhook_allowed_networks: AllowedNetworks = ""
    email_recipient_domains: RecipientDomains = ""
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
