"""What keeps other sites and injected markup out: headers on every answer, a token on every change."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from dashboard.cookies import CSRF_COOKIE, read_cookie, set_cookie
from dashboard.errors import build_message_page, build_problem

# Under these names the renderer of Dash sends the token with every callback.
CSRF_HEADER = "X-CSRFToken"
CSRF_FIELD = "csrf_token"

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Mail programs post to the link of an email without having opened a page; what the link holds is proof enough.
_PROVEN_BY_ADDRESS = frozenset({"unsubscribe"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def format_policy(nonce: str, script_hashes: Sequence[str]) -> str:
    """The Content-Security-Policy: everything from this origin, inline only what carries nonce or hash."""
    scripts = " ".join(["'self'", *script_hashes])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def protect(server: Flask, *, secure: bool) -> None:
    """Refuse forged changes, and send the protecting headers with every answer.

    `secure` says that browsers reach this service over TLS. Inline scripts run if `CSP_SCRIPT_HASHES` of the
    server's configuration names their hash.
    """

    @server.before_request
    def check_request() -> Response | None:
        g.nonce = secrets.token_urlsafe(16)
        g.csrf_token = read_cookie(CSRF_COOKIE) or renew_csrf_token()
        if request.method in _SAFE_METHODS or request.endpoint in _PROVEN_BY_ADDRESS or not _is_forged(secure=secure):
            return None
        return _refuse()

    @server.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = format_policy(g.nonce, server.config["CSP_SCRIPT_HASHES"])
        response.headers.setdefault("Cache-Control", "no-store")
        if secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if response.mimetype == "text/html":
            set_cookie(response, CSRF_COOKIE, g.csrf_token, for_scripts=True)
        return response


def renew_csrf_token() -> str:
    """Give the browser a new token with the page in hand."""
    token = secrets.token_urlsafe(32)
    g.csrf_token = token
    return token


def mask_csrf_token() -> str:
    """The browser's token as a form in a compressed answer carries it: other characters each time (BREACH)."""
    token: bytes = g.csrf_token.encode()
    pad = secrets.token_bytes(len(token))
    return urlsafe_b64encode(pad + _combine(pad, token)).decode()


def _unmask(given: str) -> bytes:
    try:
        masked = urlsafe_b64decode(given)
    except ValueError:
        return b""
    half = len(masked) // 2
    return _combine(masked[:half], masked[half:])


def _combine(pad: bytes, other: bytes) -> bytes:
    return bytes(first ^ second for first, second in zip(pad, other, strict=False))


def _is_forged(*, secure: bool) -> bool:
    """Whether a change does not come from a page of ours.

    Another site can make the browser send the cookie, but can read it neither to repeat it as header or field,
    nor lie about its own origin.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not _is_own(origin, secure=secure):
        return True
    expected = read_cookie(CSRF_COOKIE)
    given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    forms = given.encode(), _unmask(given)
    return not expected or not any(secrets.compare_digest(form, expected.encode()) for form in forms)


def _is_own(origin: str, *, secure: bool) -> bool:
    """Whether this site has the origin. Without knowing of TLS, a proxy in front may still speak it."""
    address = urlsplit(origin)
    return address.netloc == request.host and address.scheme in (("https",) if secure else ("http", "https"))


def _refuse() -> Response:
    title, detail = "This form is out of date", "Please open the page again and repeat what you did."
    if request.path.startswith("/_"):
        return build_problem(403, "csrf_failed", title, detail)
    return build_message_page(403, title, detail)
