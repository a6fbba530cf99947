"""The configured thresholds of detection, score and alerts."""

from viral_contract.models.thresholds import Thresholds
from viral_runtime.settings.base import EnvironmentSettings


class DetectionSettings(EnvironmentSettings, Thresholds):
    """Thresholds of detection, score and alerts, which a request can override by name."""
