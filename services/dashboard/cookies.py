"""Cookies of this site: where it is behind TLS, their names make browsers keep them to it."""

from datetime import datetime

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

SESSION_COOKIE = "viral_session"
CSRF_COOKIE = "_csrf_token"
DEVICE_COOKIE = "viral_device"
SIGN_ON_COOKIE = "viral_sign_on"
_SECURE = "COOKIES_SECURE"
# Browsers take a cookie of this name only over TLS, for the whole of one host and for no other.
_HOST_PREFIX = "__Host-"


def prepare_cookies(server: Flask, *, secure: bool) -> None:
    """Say whether browsers reach this service over TLS."""
    server.config[_SECURE] = secure


def full_name(name: str, *, secure: bool) -> str:
    """The cookie's name in the browser."""
    return _HOST_PREFIX + name if secure else name


def read_cookie(name: str) -> str:
    """The cookie's value, empty without it."""
    return request.cookies.get(full_name(name, secure=_is_secure()), "")


def set_cookie(
    response: Response, name: str, value: str, *, expires: datetime | None = None, for_scripts: bool = False
) -> None:
    """Give the browser a cookie, out of reach of scripts unless they need it."""
    response.set_cookie(
        full_name(name, secure=_is_secure()),
        value,
        expires=expires,
        secure=_is_secure(),
        httponly=not for_scripts,
        samesite="Lax",
    )


def delete_cookie(response: Response, name: str) -> None:
    """Take a cookie away."""
    secure = _is_secure()
    response.delete_cookie(full_name(name, secure=secure), secure=secure, httponly=True, samesite="Lax")


def _is_secure() -> bool:
    return bool(current_app.config[_SECURE])
