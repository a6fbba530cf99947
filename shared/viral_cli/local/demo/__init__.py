"""A seeded, believable month of a viral loop, dated up to now, so that every card has something true to show."""

from viral_cli.local.demo.load import load_demo

__all__ = ["load_demo"]
