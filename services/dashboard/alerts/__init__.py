"""One alert, and the history of all."""
