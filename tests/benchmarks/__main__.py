"""Runs the benchmarks and writes docs/performance-benchmarks.md: `make bench`."""

import os
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import (
    cases_and_credibility,
    dashboard_users,
    email_delay,
    event_pii,
    growth_changes,
    ingest_and_detection,
    pii_accuracy,
    report_throughput,
    under_attack,
)

PAGE = Path(__file__).parents[2] / "docs/performance-benchmarks.md"
_HEAD = """\
# Benchmarks

Measured with `make bench` on {cores} cores on {day}, while the machine may have done other work. Compare the
rows within a table, which are measured side by side in one run, not the seconds of different runs.
"""


def main() -> None:
    """Run every benchmark and write what it measured."""
    sections = {
        "Facts at write time": ingest_and_detection.run(),
        "Cases and credibility": cases_and_credibility.run(),
        "Personal information in texts": pii_accuracy.run(),
        "Personal information in events": event_pii.run(),
        "Growth alerts": growth_changes.run(),
        "100 different reports": report_throughput.run(),
        "Email delay with 1000 pending reports": email_delay.run(),
        "Dashboard with 1000 users": dashboard_users.run(),
        "Under attack": under_attack.run(),
    }
    head = _HEAD.format(cores=os.cpu_count(), day=datetime.now(UTC).date())
    PAGE.write_text(head + "".join(f"\n## {name}\n{text}\n" for name, text in sections.items()))
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
