"""The guardrails page, its cards, lists and thresholds."""
