"""What the views of one application share."""

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from redis import Redis

from metrics_api.access.identifiers import References
from metrics_api.access.open_id import OpenIdProvider
from metrics_api.access.rate_limits import RateLimits
from metrics_api.db.database import Database
from metrics_api.settings.access import AccessSettings
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.detection import DetectionSettings
from metrics_api.settings.privacy import PrivacySettings
from metrics_api.settings.queues import QueueSettings
from viral_runtime.flags.evaluate import Flags


@dataclass(frozen=True)
class Services:
    """Made once for each process by the application factory."""

    database: Database
    redis: Redis
    detection: DetectionSettings
    references: References
    session_lifetime: timedelta
    phone_region: str
    scan_seconds: float
    queues: QueueSettings
    deliveries: DeliverySettings
    privacy: PrivacySettings
    flags: Flags
    access: AccessSettings
    limits: RateLimits
    provider: OpenIdProvider | None


def services() -> Services:
    """Those of the application that handles this request."""
    made: Services = current_app.extensions["services"]
    return made
