"""Where people reach this dashboard, and apps the API: said by settings, as a request's headers can say anything."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, current_app, request

_SETTING = "PUBLIC_URL"
_API_SETTING = "PUBLIC_API_URL"
_FORWARDING = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via")
HOW_TO_SET = (
    "The public address of the dashboard is not known: PUBLIC_DASHBOARD_URL is not set. "
    "Set it, for example to https://guardrails.example.com, for the metrics API and the dashboard. "
    "Until then, put the dashboard's address in front of the link."
)


def note_public_addresses(server: Flask, url: str, api_url: str) -> None:
    """Remember the settings PUBLIC_DASHBOARD_URL and PUBLIC_METRICS_API_URL."""
    server.config[_SETTING] = url.rstrip("/")
    server.config[_API_SETTING] = api_url.rstrip("/")


def find_api_address() -> str:
    """Where apps reach the metrics API, without a slash at its end."""
    url: str = current_app.config[_API_SETTING]
    return url


def find_public_address() -> str | None:
    """The address without a slash at its end; None where it is this machine's own, but the request in hand is not."""
    url: str = current_app.config[_SETTING]
    return None if _is_this_machine(urlsplit(url).hostname) and _comes_from_elsewhere() else url


def _comes_from_elsewhere() -> bool:
    is_forwarded = any(name in request.headers for name in _FORWARDING)
    return is_forwarded or not _is_this_machine(request.remote_addr)


def _is_this_machine(host: str | None) -> bool:
    if not host or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
