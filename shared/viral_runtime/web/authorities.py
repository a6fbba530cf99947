"""Whose certificates this product's HTTP clients believe."""

import ssl

import certifi


def trust_authorities() -> ssl.SSLContext:
    """The authorities that everybody knows, and those of SSL_CERT_FILE, which httpx alone would believe instead."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
