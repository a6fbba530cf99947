"""The growth page and its cards."""
