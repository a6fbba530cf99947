"""Feature flags: the document, the file it stands in, and what a flag says now."""
