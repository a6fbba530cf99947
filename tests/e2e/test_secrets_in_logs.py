"""Secrets go through every process of the stack, and through no line that it logs."""

import json
import tempfile
from pathlib import Path

import httpx
import pytest

from tests.support.stack_process import READY_LINE, StackProcess
from tests.support.waiting import wait_until
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.notifications import RuleRequest
from viral_contract.models.people import Role, Scope

pytestmark = pytest.mark.slow

WRONG = "a wrong password that nobody has"
SHORT = "too-short"
NEW = "a new password of somebody"
HOOK = "https://hooks.invalid/services/T000/B000/xoxb-secret-part-of-the-address"


def sign_in(site: httpx.Client, email: str, password: str) -> httpx.Response:
    """Fill in the form of the login."""
    site.get("/login")
    form = {"email": email, "password": password, "csrf_token": site.cookies["_csrf_token"]}
    return site.post("/login", data=form)


def use_secrets_of_people(stack: dict[str, str], api: MetricsApi) -> set[str]:
    """Sign in rightly and wrongly, set a password by a link and change it; answer everything that was secret."""
    link = api.invite_person("ana@example.org", Role.VIEWER).password_link.secret
    with httpx.Client(base_url=stack["DASHBOARD_URL"], timeout=60) as site:
        assert sign_in(site, "ana@example.org", WRONG).status_code == 401
        token = {"csrf_token": site.cookies["_csrf_token"]}
        for new in (SHORT, NEW):
            site.post(f"/set-password?key={link}", data={"new": new, "repeated": new, **token})
        assert sign_in(site, "ana@example.org", NEW).status_code == 303
        session = site.cookies["viral_session"]
        form = {"csrf_token": site.cookies["_csrf_token"], "current": NEW, "new": NEW[::-1], "repeated": NEW[::-1]}
        assert site.post("/password", data=form).status_code == 303
    return {link, WRONG, SHORT, NEW, NEW[::-1], session}


def use_secrets_of_services(api: MetricsApi, stack: dict[str, str]) -> set[str]:
    """Make and use a token, sign a webhook that cannot be called, and send secrets where none belong."""
    made = api.create_token("a reader", [Scope.METRICS_READ], 1).secret
    MetricsApi.connect(stack["METRICS_API_URL"], made).fetch_health()
    unknown = "an-unknown-token-that-somebody-sent"
    with pytest.raises(ApiProblemError):
        MetricsApi.connect(stack["METRICS_API_URL"], unknown).fetch_health()
    rule = api.create_notification_rule(
        RuleRequest(name="On call", severities=["high"], channel="webhook", target=HOOK)
    )
    assert rule.secret
    api.test_notification_rule(rule.id)
    wait_until(lambda: api.fetch_notification_rule(rule.id).last_message is not None, "the webhook is tried")
    again = api.rotate_signing_secret(rule.id).secret
    broken = httpx.post(
        stack["METRICS_API_URL"] + "/v1/sessions",
        headers={"Authorization": f"Bearer {stack['API_TOKEN']}", "Content-Type": "application/json"},
        content=f'{{"email": "ana@example.org", "password": "{WRONG}", "extra": "{SHORT}"',
    )
    assert broken.status_code in (400, 403)
    return {made, unknown, rule.secret, again, HOOK, HOOK.rpartition("/")[2]}


def test_no_secret_is_logged() -> None:
    with tempfile.TemporaryDirectory(prefix="viral-engine-") as name:
        var = Path(name) / "var"
        with StackProcess(var, LOG_LEVEL="DEBUG", LOG_FORMAT="json") as process:
            stack = process.wait_until_ready()
            api = MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])
            used = use_secrets_of_people(stack, api) | use_secrets_of_services(api, stack)
            kept = set(json.loads((var / "secrets.json").read_text()).values())
        before, _, after = process.output.partition(READY_LINE)
    # The welcome tells the password of the local stack, once, to who started it.
    logged = before + after.replace(stack["ADMIN_PASSWORD"], "", 1)
    assert "/v1/sessions" in logged
    assert "/set-password" in logged
    assert sorted(secret for secret in used | kept if secret in logged) == []
