"""One address, device or referrer in detail, and the lists that lead there."""
