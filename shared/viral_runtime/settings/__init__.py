"""Groups of settings, read from the environment and checked at start."""
