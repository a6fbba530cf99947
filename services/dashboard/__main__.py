"""`python -m dashboard` serves the dashboard with the settings of the environment."""

from viral_runtime.observe.metrics import share_metrics
from viral_runtime.web.cores import count_named_processes


def main() -> None:
    """Serve until asked to stop, with metrics that are shared where several processes serve."""
    if count_named_processes("DASHBOARD_PROCESSES") > 1:
        share_metrics()
    # Imported only now, since metrics are made when their module is imported.
    from dashboard.cli import web

    web()


if __name__ == "__main__":
    main()
