"""Logs, metrics, events and traces, none of which shows what is personal."""
