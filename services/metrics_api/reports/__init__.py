"""Report runs and their schedules. PostgreSQL is authoritative; a queue only carries ids."""
