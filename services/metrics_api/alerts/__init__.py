"""Alerts: rules, lifecycle, actions and lists."""
