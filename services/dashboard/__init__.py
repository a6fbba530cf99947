"""Pages for the people who run the app; reaches data only through the metrics API."""
