"""What is kept how long, and what parents may ask for; see design decision 8 and 16 CFR 312."""
