"""How long a failed attempt waits for the next one."""

# As Oban: 15 + 2^attempt seconds and up to 10 % more, so that retries do not come in step.
BACKOFF = "make_interval(secs => :base * (15 + power(2, attempt)) / 15 * (1 + random() / 10))"
"""SQL for the wait after attempt number `attempt`; `:base` is BACKOFF_BASE_SECONDS."""
