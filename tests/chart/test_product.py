"""What a chart is published with: a version for every change, a current README, metadata, and a package."""

import re
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from tests.chart import package, readme, versions
from tests.chart.programs import CHART, ROOT
from tests.chart.rendering import read_values


def _chart() -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((CHART / "Chart.yaml").read_text())
    return found


def test_every_change_of_the_chart_raises_its_version() -> None:
    assert versions.read_record() == versions.format_record(), "run make chart, which raises the version"


def test_a_changed_template_is_noticed_and_raises_the_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("templates", "Chart.yaml", "values.yaml"):
        (tmp_path / name).symlink_to(CHART / name)
    (tmp_path / "Chart.yaml").unlink()
    (tmp_path / "Chart.yaml").write_text("name: a\nversion: 2.3.4\nappVersion: 1.0.0\n")
    monkeypatch.setattr(versions, "CHART", tmp_path)
    monkeypatch.setattr(versions, "_CHART", tmp_path / "Chart.yaml")
    monkeypatch.setattr(versions, "_DIGEST", tmp_path / "chart.digest")
    versions.write()
    assert versions.read_version() == "2.3.4"
    (tmp_path / "files.yaml").write_text("a: 1\n")
    assert versions.read_record() != versions.format_record()
    versions.write()
    assert versions.read_version() == "2.3.5"
    assert versions.read_record() == versions.format_record()
    versions.write()
    assert versions.read_version() == "2.3.5"


def test_the_table_of_values_is_that_of_today() -> None:
    values = (CHART / "values.yaml").read_text()
    text = readme.README.read_text()
    assert readme.format_readme(text, values) == text, "run make chart"
    for path in ("metricsApi.replicas", "workers.batch.concurrency", "privateAuthority.existingConfigMap"):
        assert re.search(rf"^\| `{re.escape(path)}` \| `[^|]+` \| .*\|$", text, re.MULTILINE)


def test_every_value_stands_in_the_table() -> None:
    text = readme.README.read_text()
    assert [path for path in _list_paths(read_values(), "") if f"| `{path}` |" not in text] == []


def _list_paths(values: dict[str, object], path: str) -> list[str]:
    found = []
    for key, value in values.items():
        name, whole = f"{path}.{key}".lstrip("."), key == "resources" or key.endswith("Context")
        found += _list_paths(value, name) if isinstance(value, dict) and value and not whole else [name]
    return found


def test_the_chart_says_what_hubs_ask_for() -> None:
    chart = _chart()
    assert {"home", "sources", "icon", "keywords", "maintainers", "kubeVersion"} <= chart.keys()
    annotations = chart["annotations"]
    assert isinstance(annotations, dict)
    assert annotations["artifacthub.io/license"] == "Apache-2.0"
    for name in ("links", "images", "changes"):
        assert all(isinstance(item, dict) for item in yaml.safe_load(annotations[f"artifacthub.io/{name}"]))
    images = {item["image"] for item in yaml.safe_load(annotations["artifacthub.io/images"])}
    repositories = [
        read_values()[key]["image"]["repository"] for key in ("metricsApi", "dashboard", "reportWorker", "emailWorker")
    ]
    assert images == {f"{repository}:{chart['appVersion']}" for repository in repositories}


def test_a_breaking_version_says_what_it_needs() -> None:
    major = versions.read_version().partition(".")[0]
    section = (CHART / "UPGRADING.md").read_text().partition(f"\n## {major}.0.0")[2]
    for word in ("REPORT_WORKER_TOKEN", "EMAIL_WORKER_TOKEN", "MIGRATION_DATABASE_URL", "values-production.yaml"):
        assert word in section


def test_the_package_holds_the_chart_and_no_examples_of_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIST", str(tmp_path))
    assert package.main([]) == 0
    (packed,) = tmp_path.iterdir()
    assert packed.name == f"viral-engine-{versions.read_version()}.tgz"
    with tarfile.open(packed) as files:
        names = {name.removeprefix("viral-engine/") for name in files.getnames()}
    assert {"values-production.yaml", "README.md", "UPGRADING.md", "values.schema.json", "files/settings.yaml"} <= names
    assert not any(name.startswith("ci/") for name in names)


@pytest.mark.parametrize("registry", ["", "registry.example.com/charts", "https://registry.example.com"])
def test_a_registry_that_is_none_is_refused_by_a_sentence(registry: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert package.main([registry]) == 2
    assert "REGISTRY=oci://" in capsys.readouterr().err


def test_make_knows_both_steps() -> None:
    for target, command in (("chart-package", "tests.chart.package"), ("chart-push", 'package "oci://a/b"')):
        done = subprocess.run(
            ["make", "--dry-run", target, "REGISTRY=oci://a/b"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert command in done.stdout
