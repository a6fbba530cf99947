"""The processes of a local stack, and the settings that each may see."""

import sys

from dashboard.settings import DashboardSettings
from email_worker.settings import EmailSettings, EmailWorkerSettings, WebhookSettings
from metrics_api.settings.access import LimitSettings, SingleSignOnSettings
from metrics_api.settings.api import ApiSettings, BootstrapSettings, MigrationSettings
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.detection import DetectionSettings
from metrics_api.settings.privacy import PrivacySettings
from metrics_api.settings.queues import QueueSettings, ReconcilerSettings
from metrics_api.settings.traffic import TrafficSettings
from report_worker.settings import AiSettings, ReportWorkerSettings, SchedulerSettings
from viral_cli.local.processes import Program
from viral_runtime.settings.base import EnvironmentSettings
from viral_runtime.settings.groups import (
    LogSettings,
    ProxySettings,
    TelemetrySettings,
    WebServerSettings,
    WorkerMetricsSettings,
    WorkerSettings,
)

_WEB = ProxySettings, WebServerSettings, TelemetrySettings, LogSettings
_DETECTION = ApiSettings, DetectionSettings, QueueSettings, DeliverySettings, PrivacySettings, TrafficSettings
_WORKER = WorkerSettings, WorkerMetricsSettings, TelemetrySettings, LogSettings
_REPORTS = *_WORKER, ReportWorkerSettings, AiSettings
_EMAILS = *_WORKER, EmailWorkerSettings, EmailSettings, WebhookSettings


def _python(name: str, *arguments: str, groups: tuple[type[EnvironmentSettings], ...]) -> Program:
    return Program(name, (sys.executable, "-m", *arguments), groups=groups)


# Started first, because they need no database and start while it is prepared.
SERVICES_WITHOUT_DATABASE = (_python("dashboard", "dashboard", groups=(DashboardSettings, *_WEB)),)

# Restores the admin's password, so that the displayed login works even after a change on the page.
# Runs to its end before anything that needs the database; one process, because imports take most of the time.
PREPARATION = _python(
    "prepare",
    "metrics_api",
    "migrate",
    "bootstrap",
    "--restore-admin",
    groups=(ApiSettings, MigrationSettings, PrivacySettings, BootstrapSettings),
)

# Runs once the demo data is loaded, of which no date was evaluated as it passed.
HISTORY = _python("history", "metrics_api", "fill-history", groups=(ApiSettings, DetectionSettings))

SERVICES_WITH_DATABASE = (
    _python("metrics_api", "metrics_api", "web", groups=(*_WEB, *_DETECTION, LimitSettings, SingleSignOnSettings)),
    _python("reconciler", "metrics_api", "reconciler", groups=(*_DETECTION, ReconcilerSettings, LogSettings)),
)

# Started last, so that they do not delay what people wait for.
WORKERS = (
    _python("reports 1", "report_worker", "work", "performance_reports", groups=_REPORTS),
    _python("reports 2", "report_worker", "work", "performance_reports", groups=_REPORTS),
    _python("default", "report_worker", "work", "default", groups=_REPORTS),
    _python("batch", "report_worker", "work", "batch", groups=_REPORTS),
    _python(
        "scheduler",
        "report_worker",
        "scheduler",
        groups=(WorkerSettings, WorkerMetricsSettings, SchedulerSettings, LogSettings),
    ),
    _python("email 1", "email_worker", "work", "email_delivery", groups=_EMAILS),
    _python("email 2", "email_worker", "work", "email_delivery", groups=_EMAILS),
    _python("webhooks", "email_worker", "work", "webhooks", groups=_EMAILS),
)
