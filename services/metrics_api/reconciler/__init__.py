"""The process that works by the clock: evaluates, retries, notifies and purges."""
