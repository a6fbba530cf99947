"""What all parts of one process share: connections, flags and settings."""

from dataclasses import dataclass, field

from redis import Redis

from metrics_api.access.audit import NotedLooks
from metrics_api.access.identifiers import References
from metrics_api.access.open_id import OpenIdProvider, connect_provider
from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.access.rate_limits import RateLimits
from metrics_api.db.database import Database, create_database_engine
from metrics_api.db.fact_rules import FactRules
from metrics_api.pii_scanner.redaction import Redactor
from metrics_api.settings.access import AccessSettings
from metrics_api.settings.api import ApiSettings
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.detection import DetectionSettings
from metrics_api.settings.privacy import PrivacySettings
from metrics_api.settings.queues import QueueSettings
from metrics_api.settings.traffic import TrafficSettings
from metrics_api.traffic.classifier import Classifier
from viral_runtime.flags.evaluate import Flags
from viral_runtime.work.queues import connect_redis


@dataclass(frozen=True)
class Settings:
    """Every setting of the process, by concern; groups that are not given come from the environment."""

    api: ApiSettings
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    queues: QueueSettings = field(default_factory=QueueSettings)
    deliveries: DeliverySettings = field(default_factory=DeliverySettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    traffic: TrafficSettings = field(default_factory=TrafficSettings)


@dataclass(frozen=True)
class Context:
    """Created once per process, for views, the reconciler and tests alike."""

    database: Database
    redis: Redis
    flags: Flags
    references: References
    pseudonyms: Pseudonyms
    limits: RateLimits
    provider: OpenIdProvider | None
    fact_rules: FactRules
    settings: Settings
    noted_looks: NotedLooks = field(default_factory=NotedLooks)


def connect(settings: Settings, *, pool_size: int) -> Context:
    """The context for these settings; it connects at first use."""
    api, access = settings.api, settings.access
    references = References(api.identifier_key.get_secret_value())
    return Context(
        database=Database(create_database_engine(api.database_url, pool_size=pool_size)),
        redis=connect_redis(api.redis_url),
        flags=Flags(api.flags_file),
        references=references,
        pseudonyms=Pseudonyms(references, Redactor(api.pii_phone_region)),
        limits=RateLimits(api.redis_url, access.limits),
        provider=connect_provider(access.single_sign_on),
        fact_rules=FactRules(
            Classifier(settings.traffic.app_patterns, settings.traffic.networks), settings.detection.fraud_ipv6_prefix
        ),
        settings=settings,
    )
