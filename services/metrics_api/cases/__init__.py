"""Cases: who or what the rules accuse, what is at stake, and what people decided."""
