"""What the chart brings for Prometheus and Grafana, and which metrics it names."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "helm/viral-engine/files/rules.yaml"
DASHBOARDS = ROOT / "helm/viral-engine/files/dashboards"
# Prefixed with what made it: a metric of ours, or one of prometheus-flask-exporter.
_METRIC = re.compile(r"\b(?:viral_engine|flask)_[a-z0-9_]+")
_INCREASE = re.compile(r"(?:increase|rate)\((viral_engine_[a-z0-9_]+)\{(.*?)\}")
_RECORDED = re.compile(r"\bviral_engine:[a-z0-9_:]+")


def list_rules() -> list[dict[str, Any]]:
    """Every recording and alerting rule."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def list_alerts() -> list[dict[str, Any]]:
    """Every alerting rule."""
    return [rule for rule in list_rules() if "alert" in rule]


def load_dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard by the name of its file."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))}


def list_expressions() -> Iterator[str]:
    """Every PromQL expression."""
    yield from (rule["expr"] for rule in list_rules())
    for board in load_dashboards().values():
        yield from (target["expr"] for panel in board["panels"] for target in panel["targets"])


def find_metrics() -> set[str]:
    """The names of all metrics that the expressions look at."""
    return {name for expression in list_expressions() for name in _METRIC.findall(_strip(expression))}


def find_increases() -> Iterator[tuple[str, dict[str, str]]]:
    """Our counters, with the labels, whose growth alerts look at."""
    for rule in list_alerts():
        for name, labels in _INCREASE.findall(rule["expr"]):
            yield name, dict(re.findall(r'(\w+)="([^"]*)"', labels))


def find_recorded() -> set[str]:
    """The names of all recorded series that the expressions look at."""
    return {name for expression in list_expressions() for name in _RECORDED.findall(expression)}


def _strip(expression: str) -> str:
    """The expression without what is quoted and without the names of recorded series."""
    return _RECORDED.sub("", re.sub(r'"[^"]*"', "", expression))
