"""Delivery settings: leases, links, notifications, allowed recipients."""

from pydantic import Field, SecretStr

from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.fields import AllowedNetworks, PublicDashboardUrl, RecipientDomains


class DeliverySettings(EnvironmentSettings):
    """Deliveries and notifications."""

    delivery_lease_seconds: float = Field(
        60,
        gt=0,
        description="Seconds for which a worker holds a delivery before it sends. Longer delays recovery from a "
        "killed worker; it must exceed SMTP_TIMEOUT_SECONDS.",
    )
    sending_lease_seconds: float = Field(
        900,
        gt=0,
        description="Seconds after which a delivery whose worker went silent while sending is held as uncertain "
        "(unconfirmed). Shorter asks for a decision sooner, perhaps about a message still in transit.",
    )
    delivery_prune_days: int = Field(
        7,
        ge=1,
        le=366,
        description="Days to keep the rendered content of finished deliveries. Longer lets people read older "
        "messages, but keeps their data longer.",
    )
    public_dashboard_url: PublicDashboardUrl = "http://127.0.0.1:8050"
    message_id_domain: str = Field(
        "viral-guardrails.invalid",
        pattern=r"^[A-Za-z0-9.-]+$",
        description="Domain of the Message-ID of emails. Use the domain of EMAIL_FROM: any other looks like spam.",
    )
    notification_burst: int = Field(
        3,
        ge=1,
        le=100,
        description="Messages that one notification rule sends within NOTIFICATION_WINDOW_MINUTES. Further "
        "notifications wait and go out as one digest. Fewer start digests sooner.",
    )
    notification_window_minutes: float = Field(
        10, gt=0, le=1440, description="Minutes over which NOTIFICATION_BURST is counted. Longer sends fewer messages."
    )
    webhook_allowed_networks: AllowedNetworks = ""
    email_recipient_domains: RecipientDomains = ""
    takedown_webhook_url: str | None = Field(
        None,
        pattern="^https?://",
        description="URL called for every item with a new violation, so that the app can hide it. Without it, "
        "nothing is called.",
    )
    takedown_webhook_secret: SecretStr | None = Field(
        None, min_length=32, description="Secret that signs those calls. Without it, they are not signed."
    )
