"""Routes: one module a resource, which parses, calls and serialises; no SQL."""
