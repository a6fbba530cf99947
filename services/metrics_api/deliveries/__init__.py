"""Emails and webhooks: one ledger, and one state machine for what was sent."""
