"""Every error has one shape: problem+json (RFC 9457) with a machine code, a sentence and the request's id.

Its members are type, title, status, detail and code, and errors where single values are wrong. It is never HTML and
never a stack trace.
"""

import re
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, text
from werkzeug.test import TestResponse

from metrics_api.api.routing import Operation
from tests.support.api_fixtures import Api, build_app, create_token
from tests.support.operations import build_path, list_guarded, list_operations, name_operation
from viral_cli.local.ports import find_free_port
from viral_contract.models.people import Scope

METHODS = {"GET", "POST", "PUT", "DELETE", "PATCH"}
every_operation = pytest.mark.parametrize("operation", list_operations(), ids=name_operation)
every_operation_with_token = pytest.mark.parametrize("operation", list_guarded(), ids=name_operation)
every_operation_with_a_value_in_its_path = pytest.mark.parametrize(
    "operation", [operation for operation in list_guarded() if "<" in operation.rule], ids=name_operation
)
every_operation_with_body = pytest.mark.parametrize(
    "operation", [operation for operation in list_guarded() if operation.body], ids=name_operation
)

every_operation_with_json = pytest.mark.parametrize(
    "operation",
    [found for found in list_guarded() if found.body and "application/json" in found.media_types],
    ids=name_operation,
)


@pytest.fixture(scope="module")
def api(app: Flask, engine: Engine) -> Api:
    """A caller who may do everything; what is refused leaves nothing behind, so the database need not be emptied."""
    return Api(app, create_token(engine, *Scope))


def check_problem(response: TestResponse, status: int) -> dict[str, Any]:
    """The problem of an answer, after a look at everything that all problems have in common."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", response.headers["X-Request-ID"])
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        assert int(response.headers["Retry-After"]) > 0
    problem: dict[str, Any] = response.get_json(force=True)
    assert {"type", "title", "status", "detail", "code"} <= set(problem)
    assert set(problem) <= {"type", "title", "status", "detail", "code", "errors"}
    assert problem["status"] == status
    assert re.fullmatch("[a-z][a-z_]+", problem["code"])
    assert problem["detail"].endswith((".", "?")), problem["detail"]
    for error in problem.get("errors", []):
        assert re.fullmatch("#.*|(/.*)?", error["pointer"])
        assert error["detail"]
    for trace in ("<html", "<!doctype", "Traceback", "psycopg", "sqlalchemy", "pydantic"):
        assert trace not in response.text
    return problem


@every_operation_with_token
def test_without_a_token(app: Flask, operation: Operation) -> None:
    response = Api(app, token=None).send(operation.method, build_path(operation))
    assert check_problem(response, 401)["code"] == "missing_token"
    assert response.headers["WWW-Authenticate"] == "Bearer"


@every_operation
def test_another_method(api: Api, operation: Operation) -> None:
    path = build_path(operation)
    known = {known.method for known in list_operations() if build_path(known) == path}
    response = api.send(sorted(METHODS - known)[0], path)
    assert check_problem(response, 405)["code"] == "method_not_allowed"
    assert known <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/nowhere", "/v1/events/", "//v1/events", "/v1/batches/x", "/%00"]
)
def test_an_unknown_path(api: Api, path: str) -> None:
    assert check_problem(api.send("GET", path), 404)["code"] == "not_found"


@every_operation_with_a_value_in_its_path
@pytest.mark.parametrize("value", ["%00", "%FF", "9999999999999999999999", "-1"])
def test_a_strange_value_in_a_path_is_no_error_of_ours(api: Api, operation: Operation, value: str) -> None:
    response = api.send(operation.method, build_path(operation, value), json={})
    if response.status_code >= 400:
        check_problem(response, response.status_code)
    assert response.status_code < 500


@every_operation_with_token
def test_an_unknown_query_parameter(api: Api, operation: Operation) -> None:
    response = api.send(operation.method, build_path(operation), query_string={"nonsense": 1}, json={})
    problem = check_problem(response, 422)
    assert problem["code"] == "invalid"
    assert {"pointer": "#nonsense", "detail": "is not a known field"} in problem["errors"]


@every_operation_with_body
def test_a_body_of_another_media_type(api: Api, operation: Operation) -> None:
    response = api.send(operation.method, build_path(operation), data=b"a=1", content_type="text/plain")
    assert check_problem(response, 415)["code"] == "unsupported_media_type"


@every_operation_with_json
def test_a_body_that_is_not_json(api: Api, operation: Operation) -> None:
    response = api.send(operation.method, build_path(operation), data=b"{", content_type="application/json")
    assert check_problem(response, 400)["code"] == "not_json"


@every_operation_with_json
@pytest.mark.parametrize("body", ["null", "7", "[]", '"text"', '{"nonsense": {"a": 1}}'])
def test_a_body_of_another_shape(api: Api, operation: Operation, body: str) -> None:
    response = api.send(operation.method, build_path(operation), data=body, content_type="application/json")
    problem = check_problem(response, 422)
    assert problem["code"] == "invalid"
    assert problem["errors"]


@pytest.fixture(scope="module")
def cut_off_app() -> Flask:
    """The application while neither PostgreSQL nor Valkey can be reached."""
    port = find_free_port()
    return build_app(
        database_url=f"postgresql://nobody@127.0.0.1:{port}/nothing", redis_url=f"redis://127.0.0.1:{port}"
    )


@every_operation_with_token
def test_while_the_database_is_down(cut_off_app: Flask, operation: Operation) -> None:
    response = Api(cut_off_app, token="some").send(operation.method, build_path(operation), json={})
    assert check_problem(response, 503)["code"] == "store_unavailable"


def test_readiness_tells_that_a_store_is_down_and_health_that_the_process_lives(cut_off_app: Flask) -> None:
    nobody = Api(cut_off_app, token=None)
    assert nobody.get("/healthz").status_code == 200
    response = nobody.get("/readyz")
    assert check_problem(response, 503)["code"] == "store_unavailable"


def test_readiness_needs_redis_too(database_url: str) -> None:
    redis_url = f"redis://127.0.0.1:{find_free_port()}"
    app = build_app(database_url=database_url, redis_url=redis_url)
    assert check_problem(Api(app, token=None).get("/readyz"), 503)["code"] == "store_unavailable"


def test_readiness_needs_every_migration_and_allows_those_of_a_newer_release(
    app: Flask, connection: Connection
) -> None:
    nobody = Api(app, token=None)
    assert nobody.get("/readyz").get_json() == {"status": "ready"}
    current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    migrated_to = text("UPDATE alembic_version SET version_num = :revision")
    try:
        connection.execute(migrated_to, {"revision": "0001"})
        assert check_problem(nobody.get("/readyz"), 503)["code"] == "not_migrated"
        connection.execute(migrated_to, {"revision": "of a newer release"})
        assert nobody.get("/readyz").status_code == 200
    finally:
        connection.execute(text("UPDATE alembic_version SET version_num = :current"), {"current": current})


def test_a_mistake_of_ours_tells_nothing_but_the_request_id(api: Api, connection: Connection) -> None:
    connection.execute(text("ALTER TABLE clicks_per_ip_day RENAME TO hidden"))
    try:
        problem = check_problem(api.get("/v1/guardrails/fraud"), 500)
    finally:
        connection.execute(text("ALTER TABLE hidden RENAME TO clicks_per_ip_day"))
    assert problem["code"] == "unexpected"
    assert "clicks_per_ip_day" not in problem["detail"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a-b_c.9", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("a\u00e9", False), ("", False)],
)
def test_a_request_keeps_the_id_it_came_with_when_it_is_a_plain_one(api: Api, given: str, kept: bool) -> None:
    response = api.send("GET", "/v1/nowhere", headers={"X-Request-ID": given})
    assert (response.headers["X-Request-ID"] == given) is kept


def test_a_good_answer_has_a_request_id_too(api: Api) -> None:
    ids = {api.get("/v1/guardrails/fraud").headers["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
