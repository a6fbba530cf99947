"""Signing in and out, and passwords: plain forms, drawn by the server."""
