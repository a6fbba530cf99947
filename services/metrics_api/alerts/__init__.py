"""Alerts: rules, lifecycle, what people do about them, lists."""
