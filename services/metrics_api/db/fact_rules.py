"""By which rules events become facts; facts made by others are made again."""

from dataclasses import dataclass, field
from functools import cached_property

from metrics_api.traffic.classifier import Classifier

FACTS_VERSION = 5
"""Changes where the facts do: with new facts, or other rules for those that are kept."""
# Rules that are not the newest are of a pod that is replaced, or of one whose batch has not begun: what they classify
# is classified again.
CURRENT_VERSION = """SELECT CASE WHEN newest.rules = :rules THEN newest.id END
    FROM (SELECT id, rules FROM fact_versions ORDER BY id DESC LIMIT 1) AS newest"""


@dataclass(frozen=True)
class FactRules:
    """What classes and facts depend on beside the events."""

    classifier: Classifier = field(default_factory=Classifier)
    ipv6_prefix: int = 64

    @cached_property
    def description(self) -> str:
        """Equal for equal rules."""
        return f"facts {FACTS_VERSION}, classifier {self.classifier.version}, IPv6 by /{self.ipv6_prefix}"
