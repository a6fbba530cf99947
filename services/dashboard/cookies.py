"""Cookies of this site: where it is behind TLS, their names make browsers keep them to it."""

from datetime import datetime

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

SESSION_COOKIE = "viral_session"
CSRF_COOKIE = "_csrf_token"
DEVICE_COOKIE = "viral_device"
SIGN_ON_COOKIE = "viral_sign_on"
_SECURE = "COOKIES_SECURE"
_PATH = "COOKIES_PATH"
# Browsers take a cookie of this name only over TLS, for the whole of one host and for no other.
_HOST_PREFIX = "__Host-"
# The same, but for a part of one host.
_SECURE_PREFIX = "__Secure-"


def prepare_cookies(server: Flask, *, secure: bool, path: str = "") -> None:
    """Say whether browsers reach this service over TLS, and below which path of its host, if not as the whole."""
    server.config[_SECURE] = secure
    server.config[_PATH] = path


def full_name(name: str, *, secure: bool, path: str = "") -> str:
    """The cookie's name in the browser."""
    return (_SECURE_PREFIX if path else _HOST_PREFIX) + name if secure else name


def read_cookie(name: str) -> str:
    """The cookie's value, empty without it."""
    return request.cookies.get(_own_name(name), "")


def set_cookie(
    response: Response, name: str, value: str, *, expires: datetime | None = None, for_scripts: bool = False
) -> None:
    """Give the browser a cookie, out of reach of scripts unless they need it."""
    response.set_cookie(
        _own_name(name),
        value,
        path=_find_path(),
        expires=expires,
        secure=_is_secure(),
        httponly=not for_scripts,
        samesite="Lax",
    )


def delete_cookie(response: Response, name: str) -> None:
    """Take a cookie away."""
    path, secure = _find_path(), _is_secure()
    response.delete_cookie(_own_name(name), path=path, secure=secure, httponly=True, samesite="Lax")


def _own_name(name: str) -> str:
    return full_name(name, secure=_is_secure(), path=current_app.config[_PATH])


def _find_path() -> str:
    return current_app.config[_PATH] or "/"


def _is_secure() -> bool:
    return bool(current_app.config[_SECURE])
