"""`python -m viral_runtime.web.health_check VARIABLE`: the exit code says whether this container's process is alive.

VARIABLE is the setting with a web service's port, or HEARTBEAT_FILE for processes without one.
"""

import os
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

# Three heartbeats of an idle worker.
OLDEST_HEARTBEAT_SECONDS = 90
_ANSWER_SECONDS = 4


def is_alive(variable: str, environment: Mapping[str, str]) -> bool:
    """Whether the web service responds, or the worker has touched its file recently."""
    value = environment[variable]
    try:
        if variable == "HEARTBEAT_FILE":
            return time.time() - Path(value).stat().st_mtime < OLDEST_HEARTBEAT_SECONDS
        with urllib.request.urlopen(f"http://127.0.0.1:{int(value)}/healthz", timeout=_ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not is_alive(sys.argv[1], os.environ))
