"""From a posted batch to stored facts, as a visible list of steps."""
