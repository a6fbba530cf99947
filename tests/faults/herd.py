"""`python -m tests.faults.herd COUNT`: as many email workers as asked for, each replaced at once when it dies.

They are forked from one process that has imported everything, or starting them again would take longer than they live.
"""

import os
import sys

from email_worker import jobs
from viral_runtime.observe.logs import configure_logging
from viral_runtime.settings.base import load_settings_or_exit
from viral_runtime.settings.groups import LogSettings, WorkerSettings
from viral_runtime.work.queues import QueueName
from viral_runtime.work.worker import work_on


def main() -> None:
    """Keep the workers running until killed."""
    settings, logs = load_settings_or_exit(WorkerSettings, LogSettings)
    configure_logging(logs, service="herd")
    jobs.prepare()
    for _ in range(int(sys.argv[1])):
        _fork(settings)
    while True:
        os.wait()
        _fork(settings)


def _fork(settings: WorkerSettings) -> None:
    if os.fork() == 0:
        work_on(QueueName.EMAIL_DELIVERY, jobs.send_email, settings)
        os._exit(0)


if __name__ == "__main__":
    main()
