"""What the reconciler does, and how often."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from redis import Redis

from metrics_api.access.identifiers import References
from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.db.database import Database
from metrics_api.deliveries.enqueue import poke_due_deliveries
from metrics_api.deliveries.pruning import prune_deliveries
from metrics_api.deliveries.reconciliation import reconcile_deliveries
from metrics_api.ingest.batch_queue import poke_due_batches
from metrics_api.ingest.batches import start_due_scans
from metrics_api.notifications.dispatch import tell_news
from metrics_api.privacy.moderation import request_takedowns
from metrics_api.privacy.purge import purge_some
from metrics_api.reconciler.queue_metrics import measure_queues
from metrics_api.reports.reconciliation import reconcile_runs
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.detection import DetectionSettings
from metrics_api.settings.privacy import PrivacySettings
from metrics_api.settings.queues import QueueSettings, ReconcilerSettings
from viral_runtime.flags.evaluate import Flags

_PRUNE_SECONDS = 3600
_PURGE_SECONDS = 60


@dataclass(frozen=True)
class Task:
    """Something done again and again; `run` says whether more is to be done at once."""

    name: str
    seconds: float
    run: Callable[[datetime], bool]


@dataclass(frozen=True)
class Reconciliation:
    """What the tasks need."""

    database: Database
    detection: DetectionSettings
    references: References
    redis: Redis
    flags: Flags
    queues: QueueSettings
    deliveries: DeliverySettings
    privacy: PrivacySettings

    def evaluate(self, now: datetime) -> bool:
        """Evaluate the guardrails once."""
        evaluate_guardrails(self.database, self.detection, self.references, self.flags, now=now)
        return self.tell_news(now)

    def tell_news(self, now: datetime) -> bool:
        """Tell what waits for a rule's turn."""
        tell_news(self.database, self.redis, self.flags, self.deliveries, self.queues, now=now)
        return False

    def reconcile_runs(self, now: datetime) -> bool:
        """Take runs back from dead workers, make those of due slots, and queue what waits."""
        reconcile_runs(self.database, self.redis, self.flags, self.queues, now=now)
        return False

    def reconcile_deliveries(self, now: datetime) -> bool:
        """Take deliveries back from dead workers, and queue what waits."""
        reconcile_deliveries(self.database, self.redis, self.queues, now=now)
        return False

    def prune_deliveries(self, now: datetime) -> bool:
        """Let go of what old deliveries were made of."""
        with self.database.write() as connection:
            return prune_deliveries(connection, self.deliveries, now=now)

    def purge(self, now: datetime) -> bool:
        """Delete some of what is older than may be kept."""
        with self.database.write() as connection:
            return purge_some(connection, self.privacy, now=now)

    def request_takedowns(self, now: datetime) -> bool:
        """Have the app called for items that violate."""
        with self.database.write() as connection:
            asked = request_takedowns(connection, self.deliveries, now=now)
        if asked:
            poke_due_deliveries(self.database, self.redis, self.queues, now=now)
        return bool(asked)

    def measure_queues(self, now: datetime) -> bool:
        """Show how much waits."""
        measure_queues(self.database, self.redis, now=now)
        return False

    def reconcile_batches(self, now: datetime) -> bool:
        """Start to finish scans that took too long, and queue the long work that was left."""
        with self.database.write() as connection:
            start_due_scans(connection)
        poke_due_batches(self.database, self.redis, self.queues, now=now)
        return False


def build_tasks(reconciliation: Reconciliation, settings: ReconcilerSettings) -> tuple[Task, ...]:
    """All tasks, in the order in which they run when several are due."""
    return (
        Task("evaluate_guardrails", settings.evaluation_seconds, reconciliation.evaluate),
        Task("tell_news", reconciliation.queues.reconcile_seconds, reconciliation.tell_news),
        Task("reconcile_runs", reconciliation.queues.reconcile_seconds, reconciliation.reconcile_runs),
        Task("reconcile_deliveries", reconciliation.queues.reconcile_seconds, reconciliation.reconcile_deliveries),
        Task("prune_deliveries", _PRUNE_SECONDS, reconciliation.prune_deliveries),
        Task("request_takedowns", reconciliation.queues.reconcile_seconds, reconciliation.request_takedowns),
        Task("purge", _PURGE_SECONDS, reconciliation.purge),
        Task("measure_queues", reconciliation.queues.reconcile_seconds, reconciliation.measure_queues),
        Task("reconcile_batches", reconciliation.queues.reconcile_seconds, reconciliation.reconcile_batches),
    )
