"""The one process that works by the clock: evaluates, resumes, repairs."""
