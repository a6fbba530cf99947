"""The timings that docs/performance-reports.md promises; tests of faults shorten them."""

from metrics_api.settings.queues import QueueSettings
from report_worker.settings import AiSettings
from viral_runtime.work.queues import FAILURE_TTL_SECONDS, JOB_TIMEOUT_SECONDS, RESULT_TTL_SECONDS, JobName
from viral_runtime.work.worker import JOB_MONITORING_SECONDS, MAINTENANCE_SECONDS, WORKER_TTL_SECONDS


def test_the_defaults_are_those_of_the_document() -> None:
    settings = QueueSettings()
    assert (settings.report_lease_seconds, settings.backoff_base_seconds) == (60, 15)
    assert (settings.repoke_seconds, settings.reconcile_seconds) == (30, 10)
    assert (JOB_MONITORING_SECONDS, MAINTENANCE_SECONDS, WORKER_TTL_SECONDS) == (10, 30, 45)
    assert (RESULT_TTL_SECONDS, FAILURE_TTL_SECONDS) == (60, 7 * 24 * 3600)
    assert JOB_TIMEOUT_SECONDS[JobName.GENERATE_REPORT] == 300


def test_a_slow_model_leaves_time_for_the_report() -> None:
    longest = AiSettings.model_fields["ai_insights_timeout_seconds"].metadata
    assert max(limit.le for limit in longest if hasattr(limit, "le")) < JOB_TIMEOUT_SECONDS[JobName.GENERATE_REPORT] / 2
