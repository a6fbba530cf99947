"""What attempts of every kind share: how long a failed one waits for the next, and what is said of a silent one."""

# As Oban: 15 + 2^attempt seconds and up to 10 % more, so that retries do not come in step.
BACKOFF = "make_interval(secs => :base * (15 + power(2, attempt)) / 15 * (1 + random() / 10))"
"""SQL for the wait after attempt number `attempt`; `:base` is BACKOFF_BASE_SECONDS."""
SILENCE = "The worker stopped without a word; its lease ran out."
"""The error of an attempt whose worker neither ended it nor renewed its lease."""
