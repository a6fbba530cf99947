"""Owns the data, detection and scoring; the only package with a database driver."""
