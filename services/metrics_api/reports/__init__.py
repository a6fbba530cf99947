"""Report runs and their schedules; PostgreSQL is the truth, a queue only carries ids."""
