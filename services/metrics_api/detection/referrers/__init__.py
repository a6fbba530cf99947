"""Evidence about referrers: who lives on accounts, devices and conversions that no other people are behind.

One module per kind of evidence; `evidence.py` collects what they find. docs/referrer-evidence.md defines the rules.
"""
