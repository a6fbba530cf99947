"""Logs, metrics, events and traces, all without personal information."""
