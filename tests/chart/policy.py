"""`python -m tests.chart.policy` (`make policy`) scans what the chart renders with checkov.

Checkov has so many dependencies that it gets an environment of its own, outside of the tests.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chart.programs import CHART, ROOT, helm, kubectl

_CHECKOV = "checkov==3.3.30"
_ENVIRONMENT = ROOT / ".cache" / "checkov"
_RULES = ROOT / "tests" / "chart" / "checkov.yaml"


def main() -> int:
    """Scan; the exit code is checkov's, or 1 when it has looked at nothing."""
    program = _ENVIRONMENT / "bin" / "checkov"
    if not program.exists():
        venv.create(_ENVIRONMENT, with_pip=True)
        subprocess.run([_ENVIRONMENT / "bin" / "pip", "install", "--quiet", _CHECKOV], check=True)
    with TemporaryDirectory() as folder:  # Checkov looks into no hidden one, such as .cache.
        _render(Path(folder))
        scan = [program, "--config-file", _RULES, "--directory", folder]
        done = subprocess.run(scan, check=False, stdout=subprocess.PIPE, text=True)
    report = json.loads(done.stdout)
    for failed in report["results"]["failed_checks"]:
        print(f"{failed['check_id']} {failed['check_name']}: {failed['resource']} in {Path(failed['file_path']).name}")
    summary = report["summary"]
    print(
        f"checkov: {summary['passed']} checks passed, {summary['failed']} failed; {_RULES.name} says what is left out"
    )
    return done.returncode or not summary["passed"]


def _render(folder: Path) -> None:
    for values in (CHART / "ci").glob("*-values.yaml"):
        text = helm(
            "template", "viral-engine", str(CHART), "--namespace", "viral-engine", "--values", str(values)
        ).stdout
        (folder / f"{values.stem}.yaml").write_text(text)
    for overlay in (ROOT / "k8s" / "overlays").iterdir():
        (folder / f"{overlay.name}.yaml").write_text(kubectl("kustomize", str(overlay)).stdout)


if __name__ == "__main__":
    sys.exit(main())
