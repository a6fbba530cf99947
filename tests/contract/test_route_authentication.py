"""No route answers without a token, and none with one that lacks its scope, but those that are meant to be open."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from metrics_api.app import RESOURCES
from tests.support.api_fixtures import Api
from tests.support.routes import list_path_values
from viral_contract.models.people import Scope, add_parts

OPEN = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/<name>"}


def _requests(app: Flask) -> Iterator[tuple[str, str, Rule]]:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            values = list_path_values(rule)
            with app.test_request_context():
                path = app.url_map.bind("localhost").build(rule.endpoint, values, method=method)
            yield method, path, rule


def test_without_a_token_only_the_open_routes_answer(app: Flask) -> None:
    stranger = Api(app, token=None)
    for method, path, rule in _requests(app):
        status = stranger.send(method, path).status_code
        if rule.rule in OPEN:
            assert status != 401, rule.rule
        else:
            assert status == 401, f"{method} {rule.rule} answered {status}"


def test_every_route_is_declared_with_a_scope_or_meant_to_be_open(app: Flask) -> None:
    declared = {
        (operation.method, operation.rule): operation.scope
        for resource in RESOURCES
        for operation in resource.operations
    }
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(declared)
    assert {rule for (_, rule), scope in declared.items() if scope is None} == OPEN


@pytest.mark.parametrize("scope", Scope)
def test_a_token_opens_only_the_routes_of_its_scope(app: Flask, holder_of: Callable[..., Api], scope: Scope) -> None:
    wanted = {
        (operation.method, operation.rule): operation.scope
        for resource in RESOURCES
        for operation in resource.operations
    }
    caller = holder_of(scope)
    for method, path, rule in _requests(app):
        needed = wanted.get((method, rule.rule))
        if needed not in (None, *add_parts([scope])):
            assert caller.send(method, path).status_code == 403, f"{method} {rule.rule}"


def test_an_unknown_and_an_expired_token_are_refused(app: Flask, holder_of: Callable[..., Api]) -> None:
    expired = holder_of(*Scope, expires_at="2020-01-01T00:00:00Z")
    revoked = holder_of(*Scope, revoked_at="2020-01-01T00:00:00Z")
    for caller in (Api(app, token="unknown"), expired, revoked):
        assert caller.refuse(401, "GET", "/v1/guardrails/health")["code"] == "unknown_token"
