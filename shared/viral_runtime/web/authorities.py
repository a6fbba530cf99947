"""Certificate authorities that the HTTP clients trust."""

import ssl

import certifi


def trust_authorities() -> ssl.SSLContext:
    """The public authorities plus those of SSL_CERT_FILE, which httpx would otherwise trust instead."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
