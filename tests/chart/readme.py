"""The table of values in the chart's README, generated from values.yaml and its comments."""

import json
from collections.abc import Iterator

import yaml

from tests.chart.programs import CHART

README = CHART / "README.md"
_HEAD = "## Values\n"
# Whole, since their keys are Kubernetes' own.
_WHOLE = ("resources", "podSecurityContext", "containerSecurityContext")


def format_readme(text: str, values: str) -> str:
    """The README with its last section, the table, regenerated; everything before it stays."""
    rows = [
        "| value | default | meaning |",
        "|---|---|---|",
        *_list_rows(yaml.compose(values), "", values.splitlines()),
    ]
    says = "Generated from `values.yaml` by `make chart`; `values.schema.json` has the ranges."
    return f"{text.partition(_HEAD)[0]}{_HEAD}\n{says}\n\n" + "\n".join(rows) + "\n"


def _list_rows(node: yaml.Node, path: str, lines: list[str]) -> Iterator[str]:
    assert isinstance(node, yaml.MappingNode)
    for key, value in node.value:
        name = f"{path}.{key.value}".lstrip(".")
        meaning = _read_comment(lines, key.start_mark.line)
        if isinstance(value, yaml.MappingNode) and value.value and key.value not in _WHOLE:
            if meaning:
                yield f"| **`{name}`** | | {meaning} |"
            yield from _list_rows(value, name, lines)
        else:
            yield f"| `{name}` | `{_format_default(value)}` | {meaning} |"


def _read_comment(lines: list[str], line: int) -> str:
    found: list[str] = []
    while line > 0 and lines[line - 1].lstrip().startswith("#") and "# ---" not in lines[line - 1]:
        line -= 1
        found.insert(0, lines[line].strip().removeprefix("#").strip())
    return " ".join(found).replace("|", "\\|").replace("<", "&lt;")


def _format_default(node: yaml.Node) -> str:
    loader = yaml.CSafeLoader("")
    return json.dumps(loader.construct_document(node)).replace("|", "\\|")


def write() -> None:
    """Write it."""
    README.write_text(format_readme(README.read_text(), (CHART / "values.yaml").read_text()))
