"""All settings groups of all services."""

import dashboard.settings
import email_worker.settings
import metrics_api.settings.access
import metrics_api.settings.api
import metrics_api.settings.deliveries
import metrics_api.settings.detection
import metrics_api.settings.privacy
import metrics_api.settings.queues
import metrics_api.settings.traffic
import report_worker.settings
import viral_cli.settings
import viral_runtime.settings.groups
from viral_runtime.settings.base import EnvironmentSettings

_MODULES = (
    dashboard.settings,
    email_worker.settings,
    metrics_api.settings.access,
    metrics_api.settings.api,
    metrics_api.settings.deliveries,
    metrics_api.settings.detection,
    metrics_api.settings.privacy,
    metrics_api.settings.queues,
    metrics_api.settings.traffic,
    report_worker.settings,
    viral_cli.settings,
    viral_runtime.settings.groups,
)


def list_groups() -> list[type[EnvironmentSettings]]:
    """Every settings group of these modules, in order."""
    return [
        group
        for module in _MODULES
        for group in vars(module).values()
        if isinstance(group, type) and issubclass(group, EnvironmentSettings) and group.__module__ == module.__name__
    ]
