"""Where the browser is, as far as the configured proxies can be believed; the API limits and audits by it."""

from flask import Flask, g, request

from viral_runtime.settings.groups import ProxySettings
from viral_runtime.web.client_address import find_client_address

CALLBACKS_PATH = "/_dash-update-component"
# Set by activity.js after a key, a press or a scroll.
ACTIVE_HEADER = "X-Person-Active"


def note_visitors(server: Flask, proxies: ProxySettings) -> None:
    """Find out with every request where it comes from."""

    @server.before_request
    def note_address() -> None:
        given = (",".join(request.headers.getlist(name)) for name in ("X-Forwarded-For", "Forwarded"))
        forwarded_for, forwarded = given
        g.address = find_client_address(request.remote_addr, forwarded_for, proxies.networks, forwarded=forwarded)


def current_address() -> str | None:
    """Where the request in hand comes from."""
    address: str | None = g.get("address")
    return address


def is_background() -> bool:
    """Whether the page asks by itself, with nobody having touched it since it asked before."""
    return request.path == CALLBACKS_PATH and ACTIVE_HEADER not in request.headers
