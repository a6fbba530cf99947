"""Kubernetes' own schemas, read out of the wheel of kubernetes-validate."""

import json
import zipfile
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.chart.programs import wheels

# The oldest that Chart.yaml admits, one between, and the newest known.
VERSIONS = ("1.30", "1.34", "1.37")


def list_faults(manifest: dict[str, Any], version: str) -> list[str]:
    """What this version of Kubernetes would refuse about the object, unknown fields among it."""
    group, _, api_version = manifest["apiVersion"].rpartition("/")
    name = f"{manifest['kind']}-{group.split('.')[0]}-{api_version}".lower().replace("--", "-")
    validator = _validator(version, name)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]


@cache
def _validator(version: str, name: str) -> Draft202012Validator:
    return Draft202012Validator(_read(version, name), registry=_definitions(version))


@cache
def _definitions(version: str) -> Registry[Any]:
    definitions = Resource.from_contents(_read(version, "_definitions"))
    return definitions @ Registry()


def _read(version: str, name: str) -> Any:
    path = f"kubernetes_validate/kubernetes-json-schema/v{version}.0-local-strict/{name}.json"
    return json.loads(_archive().read(path))


@cache
def _archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(next(wheels().glob("kubernetes_validate*.whl")))
