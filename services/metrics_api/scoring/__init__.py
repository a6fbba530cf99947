"""Health score and alerts: pure functions over detector answers."""
