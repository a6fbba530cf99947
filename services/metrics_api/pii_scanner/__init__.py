"""Finds personal information in text and JSON: pure, without I/O, fast enough to run on every write."""
