"""Claims deliveries, sends them and says how each ended."""
