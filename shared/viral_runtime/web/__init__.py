"""The web server of both HTTP services."""
