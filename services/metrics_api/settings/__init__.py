"""The settings of the metrics API."""
