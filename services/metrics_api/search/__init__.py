"""One search over everything that has an id."""
