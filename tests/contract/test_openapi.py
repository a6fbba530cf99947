"""The published document is valid OpenAPI 3.1, covers every route, and is what really is taken and answered."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from metrics_api.api.routing import Operation
from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks, build_event, build_link
from tests.support.operations import list_operations, name_operation

PERIOD = {"start": NOON.date(), "end": NOON.date()}
_PARAMETER = re.compile(r"<(?:[^:>]+:)?(\w+)>")


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    return api.read("/openapi.json")


def list_described(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def list_references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from [part["$ref"]] if "$ref" in part else []
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from list_references(inner)


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(list_references(document)) <= schemas


def test_every_route_is_described_and_nothing_else(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (method, _PARAMETER.sub(r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {(method, path) for method, path, _ in list_described(document)}


def test_every_operation_has_a_name_of_its_own_and_a_sentence(document: dict[str, Any]) -> None:
    described = [operation for _, _, operation in list_described(document)]
    assert len({operation["operationId"] for operation in described}) == len(described)
    assert [operation for operation in described if not re.fullmatch(r"[A-Z].*\.", operation["summary"])] == []


@pytest.mark.parametrize("operation", list_operations(), ids=name_operation)
def test_an_operation_describes_what_it_needs_and_how_it_refuses(api: Api, operation: Operation) -> None:
    paths = api.read("/openapi.json")["paths"]
    described = paths[_PARAMETER.sub(r"{\1}", operation.rule)][operation.method.lower()]
    assert {parameter["name"] for parameter in described["parameters"] if parameter["in"] == "path"} == set(
        _PARAMETER.findall(operation.rule)
    )
    assert ("security" in described) is (operation.scope is not None)
    assert ("requestBody" in described) is (operation.body is not None)
    refusals = {"400", "404", "405", "503"}
    refusals |= {"401", "403", "422", "429"} if operation.scope else set()
    refusals |= {"408", "413", "415"} if operation.body else set()
    assert refusals | {str(status.value) for status in operation.answers} == set(described["responses"])
    for status in refusals - {str(status.value) for status in operation.answers}:
        assert list(described["responses"][status]["content"]) == ["application/problem+json"]


@pytest.fixture
def events(api: Api) -> list[dict[str, Any]]:
    """Events of which every guardrail and every view of growth has something to tell."""
    link = build_link("l-1", inserted_at=NOON.isoformat())
    api.send("POST", "/v1/links", json={"items": [link]})
    same = {"ip_address": "203.0.113.7", "device_fingerprint": "d-1", "link_id": "l-1", "user_id": "u-1"}
    conversion = build_event("conversion", **same, conversion_value=9.99, metadata={"plan": "family"})
    preview = build_event(user_agent="WhatsApp/2.24.20.89 A")
    return [*build_clicks(12, **same), build_event("signup", **same), conversion, preview]


TEXT = {"q": "203.0.113"}
REASON = {"reason": "WhatsApp (social-preview)", "traffic_class": "preview"}


# Reads of everybody's data; without a session /v1/session has nothing to answer.
READS = [
    operation
    for operation in list_operations()
    if operation.method == "GET" and operation.scope and "<" not in operation.rule and operation.rule != "/v1/session"
]


@pytest.mark.parametrize("operation", READS, ids=name_operation)
def test_an_answer_is_as_it_is_described(api: Api, events: list[dict[str, Any]], operation: Operation) -> None:
    api.post_events(*events)
    wanted = operation.query.model_fields if operation.query else {}
    given = {name: value for name, value in {**PERIOD, **REASON, **TEXT}.items() if name in wanted}
    document = api.read("/openapi.json")
    responses = document["paths"][operation.rule]["get"]["responses"]
    schema = responses["200"]["content"]["application/json"]["schema"]
    check_schema(document, schema, api.read(operation.rule, **given))


def check_schema(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    OAS31Validator({**schema, "components": document["components"]}).validate(value)


def test_a_described_batch_is_what_is_taken(api: Api, document: dict[str, Any], events: list[dict[str, Any]]) -> None:
    described = document["paths"]["/v1/events"]["post"]
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    check_schema(document, schema, {"events": events})
    answer = api.post_events(*events)
    check_schema(document, described["responses"]["202"]["content"]["application/json"]["schema"], answer)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"event_type": "klick"},
        {"event_type": "click", "colour": "red"},
        {"event_type": "click", "user_id": 7},
        {"event_type": "click", "user_id": "x" * 129},
        {"event_type": "click", "user_agent": "x" * 2049},
        {"event_type": "click", "metadata": []},
        {"event_type": "click", "conversion_value": "1"},
    ],
)
def test_what_the_description_forbids_is_refused(api: Api, document: dict[str, Any], event: dict[str, Any]) -> None:
    validator = OAS31Validator({"$ref": "#/components/schemas/Event", "components": document["components"]})
    assert not validator.is_valid(event)
    assert api.refuse_events(event)


class Links(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attributes if name in ("src", "href") and value]


def test_the_documentation_is_served_by_us_alone(app: Flask) -> None:
    nobody = Api(app, token=None)
    page = nobody.get("/docs")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    links = Links()
    links.feed(page.text)
    assert len(links.found) >= 3
    for link in links.found:
        assert re.fullmatch(r"docs/[\w.-]+", link)
        assert nobody.get(f"/{link}").status_code == 200
    assert 'url: "openapi.json"' in nobody.get("/docs/start.js").text


def test_the_documentation_s_files_are_all_that_can_be_fetched(app: Flask) -> None:
    nobody = Api(app, token=None)
    for name in ("nothing.js", "..%2Fflask_swagger_ui.py", "%2e%2e/__init__.py"):
        assert nobody.refuse(404, "GET", f"/docs/{name}")["code"] == "not_found"
