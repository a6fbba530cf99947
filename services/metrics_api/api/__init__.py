"""Routes: one module per resource, which parses, calls and serializes; no SQL."""
