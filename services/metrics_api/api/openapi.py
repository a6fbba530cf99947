"""The OpenAPI 3.1 document, made from the declared operations and their models."""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from metrics_api.api.routing import Operation
from viral_contract.models.problem import Problem
from viral_contract.models.values import MAX_ID_LENGTH, NO_CONTROL

_REFERENCES = "#/components/schemas/{model}"
_PATH_PARAMETER = re.compile(r"<(?:(?P<kind>\w+)(?:\((?:max=(?P<max>\d+))?(?P<values>[^)]*)\))?:)?(?P<name>\w+)>")
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_WITH_TOKEN = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
_WITH_BODY = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)


def build_openapi(operations: Iterable[Operation], *, version: str) -> str:
    """The document as JSON."""
    listed = list(operations)
    references, definitions = models_json_schema(_models(listed), ref_template=_REFERENCES)
    schemas: dict[object, Any] = {model: schema for (model, _mode), schema in references.items()}
    paths: dict[str, dict[str, Any]] = {}
    for operation in listed:
        path = _PATH_PARAMETER.sub(r"{\g<name>}", operation.rule)
        paths.setdefault(path, {})[operation.method.lower()] = _describe(operation, schemas)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Viral Guardrails metrics API", "version": version},
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return json.dumps(document)


def _models(operations: list[Operation]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    answers = {model for operation in operations for model in operation.answers.values() if model} | {Problem}
    bodies = {operation.body for operation in operations if operation.body} - answers
    found: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "serialization") for model in answers]
    found += [(model, "validation") for model in bodies]
    return sorted(found, key=lambda pair: pair[0].__name__)


def _describe(operation: Operation, schemas: dict[object, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{operation.resource}_{operation.name}",
        "tags": [operation.resource.replace("_", " ")],
        "summary": operation.summary,
        "parameters": _path_parameters(operation) + _query_parameters(operation),
        "responses": _responses(operation, schemas),
    }
    if operation.scope:
        described["security"] = [{"token": []}]
        described["description"] = f"Needs the scope `{operation.scope}`."
    if operation.body:
        content = {media_type: {"schema": schemas[operation.body]} for media_type in operation.media_types}
        required = any(field.is_required() for field in operation.body.model_fields.values())
        described["requestBody"] = {"required": required, "content": content}
    return described


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": found["name"],
            "in": "path",
            "required": True,
            "schema": _describe_path_value(found),
        }
        for found in _PATH_PARAMETER.finditer(operation.rule)
    ]


def _describe_path_value(found: re.Match[str]) -> dict[str, Any]:
    if found["kind"] == "int":
        return {"type": "integer", "minimum": 0, "maximum": int(found["max"])}
    if found["kind"] == "uuid":
        return {"type": "string", "format": "uuid"}
    if found["kind"] == "any":
        return {"type": "string", "enum": found["values"].split(",")}
    longest = {"maxLength": MAX_ID_LENGTH} if found["kind"] == "id" else {}
    return {"type": "string", "minLength": 1, **longest, "pattern": NO_CONTROL}


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    described = operation.query.model_json_schema()
    required = described.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": schema.pop("description", ""),
            "schema": schema,
        }
        for name, schema in described["properties"].items()
    ]


def _responses(operation: Operation, schemas: dict[object, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": schemas[Problem]}}
    refusals = (*_ALWAYS, *(_WITH_TOKEN if operation.scope else ()), *(_WITH_BODY if operation.body else ()))
    responses = {str(status.value): {"description": status.phrase, "content": problem} for status in refusals}
    for status, model in operation.answers.items():
        if model is Problem:
            responses[str(status.value)] = {"description": status.phrase, "content": problem}
            continue
        content = {"content": {"application/json": {"schema": schemas[model]}}} if model else {}
        responses[str(status.value)] = {"description": status.phrase, **content}
    return responses
