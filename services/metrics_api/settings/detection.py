"""The configured thresholds of detection, score and alerts."""

from pydantic import Field

from viral_contract.models.guardrails import HealthBasis
from viral_contract.models.thresholds import Thresholds
from viral_runtime.settings.base import EnvironmentSettings

_TERM_END = "(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"


class DetectionSettings(EnvironmentSettings, Thresholds):
    """Thresholds of detection, score and alerts, which a request can override by name."""

    fraud_ipv6_prefix: int = Field(
        64,
        ge=48,
        le=128,
        description="Length of the prefix by which IPv6 addresses are counted, limited and trusted. Shorter counts "
        "more customers of a provider as one; longer lets one customer use many networks.",
    )
    health_score_basis: HealthBasis = Field(
        "count",
        description="What fraud and bots cost points by: `count` of flagged networks and devices, or their `share` of "
        "clicks. Share keeps moving where the count has reached its maximum. Both are in every answer.",
    )
    term_ends: str = Field(
        "06-30,12-20",
        pattern=f"^{_TERM_END}(,{_TERM_END})*$",
        description="Last days of the school terms, each a month and a day, where the school calendar has no terms. "
        "Proposed trust of a school's network ends with the term. Other dates propose a shorter or longer trust.",
    )
