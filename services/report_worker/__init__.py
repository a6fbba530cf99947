"""Turns a snapshot of facts into a finished performance report."""
