"""What the local stack consists of."""

from collections import Counter

from viral_cli.local.services import WORKERS
from viral_runtime.work.queues import QueueName


def test_every_queue_has_its_workers() -> None:
    worked_on = Counter(program.command[-1] for program in WORKERS if "work" in program.command)
    two = {QueueName.PERFORMANCE_REPORTS, QueueName.EMAIL_DELIVERY}
    assert worked_on == {str(queue): 2 if queue in two else 1 for queue in QueueName}
