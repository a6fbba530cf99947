"""Scans one item in a process of its own: it holds up no request, and the system ends it when its time is over."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import ceil
from typing import Any

from metrics_api.ingest.content_scan import MAX_VIOLATIONS_PER_ITEM, Scan, format_found
from metrics_api.pii_scanner.coppa_rule import Violation, find_violations, find_without_scan

# A worker waits 30 seconds for the answer to a step.
_WAIT_SECONDS = 25


def scan_apart(
    content_id: str,
    data: object,
    media: Sequence[Mapping[str, Any]],
    actor: str,
    *,
    phone_region: str,
    seconds: float,
) -> Scan:
    """What violates in an item, found within so many seconds of processor time.

    Raises subprocess.TimeoutExpired where the machine is too busy to give it that time.
    """
    command = [sys.executable, "-m", "metrics_api.ingest.scan_apart", str(seconds), phone_region]
    posted = json.dumps({"data": data, "media": media}).encode()
    # Without the environment: what a text may reach there, no secret is.
    done = subprocess.run(command, input=posted, env={}, capture_output=True, timeout=_WAIT_SECONDS, check=False)  # noqa: S603
    if done.returncode:
        violations = find_without_scan(media)
    else:
        violations = [Violation(**violation) for violation in json.loads(done.stdout)]
    found = format_found(content_id, violations, actor, most=MAX_VIOLATIONS_PER_ITEM)
    return Scan(found, is_complete=not done.returncode)


def main() -> None:
    """Scan what comes in and print what was found; the limit of the system counts what the start took, too."""
    limit, phone_region = ceil(time.process_time() + float(sys.argv[1])), sys.argv[2]
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    given = json.load(sys.stdin)
    violations = find_violations(given["data"], given["media"], phone_region=phone_region)
    json.dump([asdict(violation) for violation in violations], sys.stdout)


if __name__ == "__main__":
    main()
