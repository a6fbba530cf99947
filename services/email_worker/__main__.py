"""`python -m email_worker`: what the image of the email worker runs."""

from viral_runtime.observe.metrics import is_above, share_metrics_with_jobs


def main() -> None:
    """Run the command line, with metrics shared between processes if they are served."""
    if is_above("WORKER_METRICS_PORT", 0):
        share_metrics_with_jobs()
    # Imported only now, because metrics are created when their module is imported.
    from email_worker.cli import main as run

    run()


if __name__ == "__main__":
    main()
