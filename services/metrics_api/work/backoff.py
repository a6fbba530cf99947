"""The wait between a failed attempt and the next one."""

# As in Oban: 15 + 2^attempt seconds, scaled to the base, and up to 10 % jitter.
BACKOFF = "make_interval(secs => :base * (15 + power(2, attempt)) / 15 * (1 + random() / 10))"
"""SQL for the wait after attempt number `attempt`; `:base` is BACKOFF_BASE_SECONDS."""
DELIVERY_BACKOFF = "make_interval(secs => coalesce((CAST(:waits AS float[]))[attempt], 0) * (1 + random() / 10))"
"""The same for emails and webhooks; `:waits` are the seconds of DELIVERY_RETRY_MINUTES."""
