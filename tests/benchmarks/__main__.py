"""Runs benchmarks and writes what they measured into docs/performance-benchmarks.md: `make bench`."""

import argparse
import os
from collections.abc import Callable
from datetime import UTC, datetime

from tests.benchmarks import (
    cases_and_credibility,
    dashboard_users,
    email_delay,
    event_pii,
    growth_changes,
    ingest_and_detection,
    ingest_load,
    pii_accuracy,
    reads,
    report_throughput,
    under_attack,
)
from tests.benchmarks.reads_page import format_section
from tests.benchmarks.results import save_data, save_section


def _run_reads() -> str:
    data = reads.run()
    save_data("reads", data)
    return format_section(data)


def _dated(run: Callable[[], str]) -> Callable[[], str]:
    """The benchmark, with when and at which load it was measured."""

    def measure() -> str:
        before, text = os.getloadavg()[0], run()
        load = f"load {before:.1f} to {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        return f"Measured on {datetime.now(UTC).date()}, {load}.\n\n{text}"

    return measure


SECTIONS: dict[str, tuple[str, Callable[[], str]]] = {
    "reads": ("Reads beside DuckDB and ClickHouse", _run_reads),
    "ingest_and_detection": ("Facts at write time", _dated(ingest_and_detection.run)),
    "ingest_load": ("Ingest by clients, batches and attacks", _dated(ingest_load.run)),
    "pii_accuracy": ("Personal information in texts", _dated(pii_accuracy.run)),
    "event_pii": ("Personal information in events", _dated(event_pii.run)),
    "cases_and_credibility": ("Cases and credibility", _dated(cases_and_credibility.run)),
    "growth_changes": ("Growth alerts", _dated(growth_changes.run)),
    "report_throughput": ("100 different reports", _dated(report_throughput.run)),
    "email_delay": ("Email delay with 1000 pending reports", _dated(email_delay.run)),
    "dashboard_users": ("Dashboard with 1000 users", _dated(dashboard_users.run)),
    "under_attack": ("Under attack", _dated(under_attack.run)),
}


def main() -> None:
    """Run the named benchmarks, or all, and write each one's section when it is measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"any of: {', '.join(SECTIONS)}")
    names = parser.parse_args().sections or list(SECTIONS)
    if unknown := set(names) - SECTIONS.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    titles = [title for title, _ in SECTIONS.values()]
    for name in names:
        title, run = SECTIONS[name]
        save_section(title, run(), titles)


if __name__ == "__main__":
    main()
