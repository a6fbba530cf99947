"""The client of the metrics API, one module per group of resources."""
