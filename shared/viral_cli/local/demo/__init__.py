"""A seeded, realistic month of viral growth up to now, so that every card has data."""

from viral_cli.local.demo.load import load_demo

__all__ = ["load_demo"]
