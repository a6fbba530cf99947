"""Claims deliveries, sends them and reports the outcomes."""
