"""Background jobs in steps: rebuilding facts, rescanning content."""
