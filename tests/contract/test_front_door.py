"""What a newcomer opens first is there, and holds together."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs/decisions"
ARCHITECTURE = ROOT / "docs/architecture.md"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def _sections() -> dict[str, str]:
    """The architecture's sections, by their headings."""
    parts = re.split(r"^## (.+)\n", ARCHITECTURE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _load(path: str) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((ROOT / path).read_text())
    return loaded


@pytest.mark.parametrize(
    "path", ["LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", ".editorconfig"]
)
def test_the_file_is_there(path: str) -> None:
    assert (ROOT / path).read_text().strip()


def test_the_first_screen_says_the_two_commands() -> None:
    first_screen = (ROOT / "README.md").read_text().splitlines()[:25]
    assert {line.split("#")[0].strip() for line in first_screen} >= {"make run", "make test"}


def test_the_changelog_knows_the_released_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = _HEADING.findall((ROOT / "CHANGELOG.md").read_text())
    assert headings[0] == "[Unreleased]"
    assert headings[1].startswith(f"[{version}] - ")


def test_the_hooks_are_the_checks_of_make_lint() -> None:
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    linted = [line.strip().removeprefix("@$(BIN)/") for line in recipe[1].splitlines()]
    (repository,) = _load(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"].removeprefix(".venv/bin/") for hook in repository["hooks"]] == linted


def test_the_workflow_runs_every_check_with_few_rights() -> None:
    workflow = _load(".github/workflows/ci.yml")
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    (job,) = workflow["jobs"].values()
    assert job["timeout-minutes"] <= 120
    assert job["steps"][-1]["run"] == ".ci/run"
    actions = [step["uses"] for step in job["steps"] if "uses" in step]
    assert [action for action in actions if not re.search(r"@[0-9a-f]{40}$", action)] == []


def test_every_decision_has_the_next_number() -> None:
    assert [path.name[:5] for path in RECORDS] == [f"{number:04}-" for number in range(1, len(RECORDS) + 1)]
    assert {path.name for path in DECISIONS.iterdir()} - {path.name for path in RECORDS} == {"README.md", "template.md"}


def test_the_index_lists_every_decision() -> None:
    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\)", (DECISIONS / "README.md").read_text(), re.MULTILINE)
    assert listed == [(path.name[:4], path.name) for path in RECORDS]


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_decision_follows_the_template(record: Path) -> None:
    text = record.read_text()
    assert text.startswith(f"# {record.name[:4]}. ")
    assert _HEADING.findall(text) == _HEADING.findall((DECISIONS / "template.md").read_text())
    assert re.search(r"^(Accepted|Proposed|Superseded)\b.*\d{4}", text, re.MULTILINE)


def test_the_glossary_opens_the_architecture() -> None:
    text = ARCHITECTURE.read_text()
    assert _HEADING.findall(text)[0] == "Glossary"
    glossary = text.split("## ", 2)[1]
    terms = [term for row in re.findall(r"^\| \*\*(.+?)\*\* \|", glossary, re.MULTILINE) for term in row.split(", ")]
    assert len(terms) == len(set(terms)) >= 25
    assert {"event", "fact", "health score", "alert", "K-factor", "delivery", "ledger", "lease", "retention"} <= set(
        terms
    )


def test_the_diagrams_show_something() -> None:
    diagrams = re.findall(r"^```mermaid\n(.*?)^```$", ARCHITECTURE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(diagrams) >= 3
    assert [diagram for diagram in diagrams if not re.search(r"\w+ .*--.*", diagram)] == []


def test_the_arrows_between_packages_point_down() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if "metrics_api.api" in each.get("layers", ())]
    level = {name: number for number, layer in enumerate(layers) for name in re.findall(r"metrics_api\.(\w+)", layer)}
    arrows = re.findall(r"^    (\w+)\S*.*? --> (\w+)", _sections()["Components of the metrics API"], re.MULTILINE)
    assert {name for arrow in arrows for name in arrow} == set(level) - {"app", "cli", "settings"}
    assert [arrow for arrow in arrows if level[arrow[0]] >= level[arrow[1]]] == []


WALKS = ["The path of an event", "The path of a score", "The path of a report", "The path of an email"]


def _find_missing(text: str) -> list[str]:
    """The modules that a text names and that do not exist; a name may leave out what the one before it had."""
    missing, folders = [], [ROOT / "services", ROOT / "shared"]
    near: list[Path] = []
    for name in re.findall(r"`([\w/]+\.py)`", text):
        found = [folder / name for folder in [*folders, *near] if (folder / name).exists()]
        if found:
            near = list(found[0].parents)[: len(found[0].relative_to(ROOT).parts) - 2]
        else:
            missing.append(name)
    return missing


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_is_short_and_names_modules_that_exist(walk: str) -> None:
    text = _sections()[walk]
    assert len([line for line in text.splitlines() if line]) <= 20
    assert len(re.findall(r"\.py`", text)) >= 5
    assert _find_missing(text) == []


def test_the_answers_name_modules_that_exist() -> None:
    assert _find_missing(_sections()["Where is it?"]) == []
