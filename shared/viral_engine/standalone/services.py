"""The product's processes: the one list of what a local stack consists of."""

import sys

from viral_engine.standalone.processes import Program


def _python(name: str, *arguments: str) -> Program:
    return Program(name, (sys.executable, "-m", *arguments))


# Started first, since they need no database and take as long to start as it takes to be prepared.
SERVICES_WITHOUT_DATABASE = (_python("dashboard", "dashboard"),)

# The admin's password is restored, so that the login that is shown works even after it was changed on the page.
# Run to its end before what needs the database starts; one process, because most of its time goes into imports.
PREPARATION = _python("prepare", "metrics_api", "migrate", "bootstrap", "--restore-admin")

SERVICES_WITH_DATABASE = (
    _python("metrics_api", "metrics_api", "web"),
    _python("reconciler", "metrics_api", "reconciler"),
)

# Started last, so that they do not slow down what people wait for.
WORKERS = (
    _python("reports 1", "report_worker", "work", "performance_reports"),
    _python("reports 2", "report_worker", "work", "performance_reports"),
    _python("default", "report_worker", "work", "default"),
    _python("batch", "report_worker", "work", "batch"),
    _python("scheduler", "report_worker", "scheduler"),
    _python("email 1", "email_worker", "work", "email_delivery"),
    _python("email 2", "email_worker", "work", "email_delivery"),
    _python("webhooks", "email_worker", "work", "webhooks"),
)
