"""`python -m metrics_api`: what the image of the metrics API runs."""

import sys

from viral_runtime.observe.metrics import share_metrics
from viral_runtime.web.cores import count_named_processes


def main() -> None:
    """Run the command line, with metrics that are shared where several processes serve."""
    if "web" in sys.argv and count_named_processes("METRICS_API_PROCESSES") > 1:
        share_metrics()
    # Imported only now, since metrics are made when their module is imported.
    from metrics_api.cli import main as run

    run()


if __name__ == "__main__":
    main()
