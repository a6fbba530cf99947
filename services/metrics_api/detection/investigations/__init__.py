"""One IP address, device or referrer: what it did, what it is linked to, and why it was flagged.

An attacker chooses how long such a history is, so only its newest part is read, and only in the order of an index.
"""
