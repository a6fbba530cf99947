"""Feature flags: the document, its file, and their evaluation."""
