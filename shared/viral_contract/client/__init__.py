"""The client of the metrics API, one module a group of resources."""
