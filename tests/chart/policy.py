"""`python -m tests.chart.policy` (`make policy`) scans what the chart renders with checkov.

Checkov has so many dependencies that it gets an environment of its own, outside of the tests.
"""

import subprocess
import sys
import venv

from tests.chart.programs import CHART, ROOT, helm, kubectl

_CHECKOV = "checkov==3.3.30"
_FOLDER = ROOT / ".cache" / "checkov"
_RULES = ROOT / "tests" / "chart" / "checkov.yaml"


def main() -> int:
    """Scan; the exit code is checkov's."""
    program = _FOLDER / "bin" / "checkov"
    if not program.exists():
        venv.create(_FOLDER, with_pip=True)
        subprocess.run([_FOLDER / "bin" / "pip", "install", "--quiet", _CHECKOV], check=True)
    rendered = _FOLDER / "rendered"
    rendered.mkdir(exist_ok=True)
    for values in (CHART / "ci").glob("*-values.yaml"):
        text = helm(
            "template", "viral-engine", str(CHART), "--namespace", "viral-engine", "--values", str(values)
        ).stdout
        (rendered / f"{values.stem}.yaml").write_text(text)
    for overlay in (ROOT / "k8s" / "overlays").iterdir():
        (rendered / f"{overlay.name}.yaml").write_text(kubectl("kustomize", str(overlay)).stdout)
    done = subprocess.run([program, "--config-file", _RULES, "--directory", rendered], check=False)
    if not done.returncode:
        print(
            f"checkov found nothing in {len(list(rendered.iterdir()))} renderings; {_RULES.name} says what is left out"
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
