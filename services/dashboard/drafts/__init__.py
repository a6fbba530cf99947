"""Rules and drafts: other thresholds tried on the past, and how good the rules are."""
