"""The architecture is what these tests say it is."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from statistics import median

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

from metrics_api.db.migrate import downgrade, upgrade
from metrics_api.db.tables import attribution_events, metadata

ROOT = Path(__file__).parents[2]
MODULES = [
    path
    for folder in ("services", "shared")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
]
# The indexes whose key is a CASE.
OF_CASES = ("idx_attribution_events_clicks_of_pair", "idx_attribution_events_clicks_on_device")
# The indexes that requirement D1 names, with the columns that it gives them.
D1 = {
    "idx_attribution_events_ip_address": "(ip_address)",
    "idx_attribution_events_fraud_detection": "(ip_address, occurred_at)",
    "idx_attribution_events_event_type": "(event_type, occurred_at)",
    "idx_attribution_events_device_fingerprint": "(device_fingerprint)",
    "idx_attribution_events_bot_detection": "(device_fingerprint, occurred_at)",
    "idx_study_sessions_inserted_at": "(inserted_at)",
    "idx_parent_shares_opt_out": "(inserted_at, view_count)",
    "idx_attribution_links_opt_out": "(inserted_at, click_count)",
}


def _function_lengths() -> dict[str, int]:
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_functions_are_short() -> None:
    lengths = _function_lengths()
    ordered = sorted(lengths.values())
    assert {name: length for name, length in lengths.items() if length > 50} == {}
    assert median(ordered) <= 9
    assert ordered[int(len(ordered) * 0.9)] <= 25


def test_no_module_is_a_drawer() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
    assert [name for name in lengths if Path(name).stem in ("utils", "helpers", "misc", "common")] == []


def test_packages_import_only_what_they_may() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports"))]
    result = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def _imported_modules(path: Path) -> set[str]:
    """Every module that a file may import, names of packages' members included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{each.name}" for each in node.names)}
    return found


def test_no_module_imports_tests_of_another() -> None:
    imported = {str(path.relative_to(ROOT)): _imported_modules(path) for path in (ROOT / "tests").rglob("*.py")}
    tests = {path.removesuffix(".py").replace("/", ".") for path in imported if Path(path).name.startswith("test_")}
    assert {path: names & tests for path, names in imported.items() if names & tests} == {}


def test_helpers_of_tests_stand_in_packages() -> None:
    loose = [path.name for path in (ROOT / "tests").glob("*.py")]
    assert sorted(loose) == ["__init__.py", "conftest.py"]
    for kind in ("integration", "unit"):
        assert [path.name for path in (ROOT / "tests" / kind).glob("*.py") if path.name != "conftest.py"] == []


def test_only_the_package_of_routes_may_know_http() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (kept,) = [each["source_modules"] for each in contracts if "metrics_api.api" in each.get("forbidden_modules", ())]
    folder = ROOT / "services/metrics_api"
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    modules = {path.stem for path in folder.glob("[!_]*.py")}
    assert set(kept) == {f"metrics_api.{name}" for name in (packages | modules) - {"api", "app", "cli"}}


def test_the_tables_are_what_the_migrations_make(connection: Connection) -> None:
    differences = compare_metadata(MigrationContext.configure(connection), metadata)
    # PostgreSQL breaks the lines of a CASE, which is another index to Alembic.
    assert [each for each in differences if each[1].name not in OF_CASES] == []


@pytest.mark.parametrize("name", OF_CASES)
def test_the_index_of_a_case_is_what_the_migrations_make(engine: Engine, name: str) -> None:
    made = text("SELECT pg_get_indexdef(CAST(:name AS regclass))")
    (index,) = [each for each in attribution_events.indexes if each.name == name]
    with engine.connect() as connection:
        stored = connection.execute(made, {"name": name}).scalar_one()
        connection.execute(text(f"DROP INDEX {name}"))
        index.create(connection)
        assert connection.execute(made, {"name": name}).scalar_one() == stored
        connection.rollback()


@pytest.mark.parametrize(("name", "columns"), D1.items())
def test_the_required_indexes_exist(connection: Connection, name: str, columns: str) -> None:
    statement = text("SELECT indexdef FROM pg_indexes WHERE indexname = :name")
    definition = connection.execute(statement, {"name": name}).scalar_one()
    assert columns in definition


def test_the_required_indexes_are_built_without_locking_out_writers() -> None:
    versions = ROOT / "services/metrics_api/db/migrations/versions"
    sources = [path.read_text() for path in versions.glob("*.py")]
    for name in D1:
        made_by = [source for source in sources if f'"{name}"' in source]
        assert len(made_by) == 1
        assert "postgresql_concurrently=True" in made_by[0]


def test_migrations_go_down_and_up_again(connection: Connection, database_url: str) -> None:
    connection.execute(text("CREATE DATABASE migrated_twice"))
    url = database_url.rpartition("/")[0] + "/migrated_twice"
    upgrade(url)
    downgrade(url, "base")
    upgrade(url)
    connection.execute(text("DROP DATABASE migrated_twice"))
