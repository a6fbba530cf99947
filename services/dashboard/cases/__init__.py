"""Cases: the queue, one case with its evidence, and what a person decides about it."""
