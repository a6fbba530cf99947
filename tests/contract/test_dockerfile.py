"""The Dockerfile: an image of each service, and no rule of hadolint broken."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL))
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/__init__.py"))


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_an_image_that_starts_it_without_a_shell(service: str) -> None:
    target = service.replace("_", "-")
    stage = STAGES[target]
    assert f"COPY --from={target}-packages /app /app" in stage
    assert f"COPY --from=code /services/{service} /app" in stage
    entry = re.search(r"^ENTRYPOINT (.*)$", stage, re.MULTILINE)
    assert entry
    assert json.loads(entry[1]) == ["/app/bin/python", "-m", service]


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_installs_the_extra_of_its_service_alone(service: str) -> None:
    target = service.replace("_", "-")
    assert re.findall(r"--requirement (\S+)\.in", STAGES[f"{target}-packages"]) == [target]
