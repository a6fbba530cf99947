"""A real OpenID provider on this machine, and a browser's way through it without a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock

from metrics_api.settings.access import SingleSignOnSettings

GROUPS = {"oidc_admin_groups": "chiefs", "oidc_analyst_groups": "analysts", "oidc_viewer_groups": "staff"}


@contextmanager
def run_provider(*, token_lifetime: timedelta = timedelta(hours=1)) -> Iterator[str]:
    """The issuer of a provider that knows nobody yet, and believes every client."""
    with oidc_provider_mock.run_server_in_thread(access_token_max_age=token_lifetime) as server:
        yield f"http://localhost:{server.server_port}"


def add_person(issuer: str, subject: str, **claims: Any) -> None:
    """Have the provider know somebody."""
    httpx.put(f"{issuer}/users/{subject}", json=claims, trust_env=False).raise_for_status()


def sign_in_there(authorization_url: str, subject: str) -> dict[str, str]:
    """What the provider sends the browser back with, after somebody signed in there."""
    answer = httpx.post(authorization_url, data={"sub": subject}, trust_env=False)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def make_settings(issuer: str, **others: Any) -> SingleSignOnSettings:
    """Settings for this provider."""
    return SingleSignOnSettings(
        oidc_issuer=issuer, oidc_client_id="viral", oidc_client_secret="secret", **GROUPS, **others
    )
