"""Data retention, erasure and parents' requests; see design decision 8 and 16 CFR 312."""
