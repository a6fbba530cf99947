"""Settings of deliveries: leases, links, who may be written to."""

from pydantic import Field, SecretStr

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import AllowedNetworks, PublicDashboardUrl, RecipientDomains


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
