"""Calling a webhook once: no redirects, no proxies, no more of the answer than its beginning."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

import httpcore

from email_worker.checked_network import CheckedNetwork
from email_worker.outcomes import FailedError, RefusedError, judge_http
from email_worker.settings import WebhookSettings
from viral_runtime.settings.networks import read_networks

_MOST_ANSWER_BYTES = 500


def call_webhook(settings: WebhookSettings, url: str, body: bytes, headers: Mapping[str, str]) -> str:
    """The webhook's answer. Raises NotSentError.

    What is not known to have arrived counts as refused, since the receiver knows a repeated call by its id.
    """
    _check_url(url)
    network = CheckedNetwork(read_networks(settings.webhook_allowed_networks), settings.webhook_timeout_seconds)
    try:
        with httpcore.ConnectionPool(network_backend=network) as pool:
            status, answer = _post(pool, url, body, headers)
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise RefusedError(f"The webhook did not respond: {type(error).__name__}: {error}") from error
    if status // 100 != HTTPStatus.OK // 100:
        raise judge_http(status, answer)
    return f"{status} {answer}"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not url.isascii():
        raise FailedError("The webhook must be an http or https URL in ASCII.")


def _post(pool: httpcore.ConnectionPool, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    content = b""
    with pool.stream("POST", url, headers=list(headers.items()), content=body) as response:
        for part in response.iter_stream():
            content += part
            if len(content) >= _MOST_ANSWER_BYTES:
                break
    return response.status, content[:_MOST_ANSWER_BYTES].decode("utf-8", "replace")
