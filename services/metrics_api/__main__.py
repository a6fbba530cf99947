"""`python -m metrics_api`: what the image of the metrics API runs."""

from metrics_api.cli import main

main()
