"""Who sent a click: a person or a program. Pure and usable alone."""
