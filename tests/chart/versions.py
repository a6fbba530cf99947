"""The chart's version, raised with every change of what is packaged: chart.digest records which files it stands for."""

import hashlib
import re
from pathlib import Path

from tests.chart.programs import CHART

_CHART = CHART / "Chart.yaml"
_DIGEST = Path(__file__).with_name("chart.digest")
_VERSION = re.compile(r"^version: (\d+)\.(\d+)\.(\d+)$", re.MULTILINE)
_PACKED = ("*.tpl", "*.yaml", "*.txt", "*.json", "*.py", "*.md")


def read_version() -> str:
    """What Chart.yaml says."""
    found = _VERSION.search(_CHART.read_text())
    assert found, "Chart.yaml has no version such as 2.0.0"
    return ".".join(found.groups())


def find_digest() -> str:
    """The version and the digest of everything that is packaged with it."""
    whole = hashlib.sha256()
    for path in sorted(path for pattern in _PACKED for path in CHART.rglob(pattern)):
        if "ci" not in path.relative_to(CHART).parts:
            text = path.read_text()
            whole.update(f"{path.relative_to(CHART)}\n{_VERSION.sub('', text) if path == _CHART else text}\n".encode())
    return whole.hexdigest()


def read_record() -> str:
    """Version and digest as they were recorded when the version was raised."""
    return _DIGEST.read_text()


def format_record() -> str:
    """Version and digest as they are."""
    return f"{read_version()} {find_digest()}\n"


def write() -> None:
    """Raise the last number where the chart changed and the version did not; record what is then."""
    before = read_record() if _DIGEST.exists() else ""
    if before == format_record():
        return
    if before.startswith(f"{read_version()} "):
        _CHART.write_text(
            _VERSION.sub(lambda found: f"version: {found[1]}.{found[2]}.{int(found[3]) + 1}", _CHART.read_text())
        )
    _DIGEST.write_text(format_record())
