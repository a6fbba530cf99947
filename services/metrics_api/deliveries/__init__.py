"""Everything that is mailed or posted: one ledger, and one state machine that decides what was sent."""
