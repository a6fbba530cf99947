"""Background work: queues, due rows, retries, dead letters, counts."""
