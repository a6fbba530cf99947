"""What pages are built of: pure functions from plain data to components, none of which fetches anything."""
