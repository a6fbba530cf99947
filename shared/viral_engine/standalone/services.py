"""The product's processes: the one list of what a local stack consists of."""

import sys

from viral_engine.standalone.processes import Program


def _python(name: str, *arguments: str) -> Program:
    return Program(name, (sys.executable, "-m", *arguments))


# Run to their end, one after the other, before any service starts.
PREPARATIONS = (
    _python("migrate", "metrics_api", "migrate"),
    _python("bootstrap", "metrics_api", "bootstrap"),
)

SERVICES = (
    _python("metrics_api", "metrics_api", "web"),
    _python("reconciler", "metrics_api", "reconciler"),
    _python("dashboard", "dashboard"),
)
