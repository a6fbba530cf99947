"""One address, device or referrer: what it did, with whom, and why it was flagged.

Whoever attacks chooses how long such a history is, so only its newest part is read, and only in the order of an index.
"""
