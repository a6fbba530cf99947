"""Drafts: thresholds tried on the past, and beside the live ones."""
