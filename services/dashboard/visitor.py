"""Where the browser is, as far as the configured proxies can be believed; the API limits and audits by it."""

from flask import Flask, g, request

from viral_engine.access_settings import ProxySettings
from viral_engine.client_address import find_client_address


def note_visitors(server: Flask, proxies: ProxySettings) -> None:
    """Find out with every request where it comes from."""

    @server.before_request
    def note_address() -> None:
        forwarded_for = ",".join(request.headers.getlist("X-Forwarded-For"))
        g.address = find_client_address(request.remote_addr, forwarded_for, proxies.networks)


def current_address() -> str | None:
    """Where the request in hand comes from."""
    address: str | None = g.get("address")
    return address
