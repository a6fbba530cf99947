"""`python -m tests.chart.package [oci://REGISTRY/FOLDER]` packages the chart into dist/, and pushes it there."""

import os
import subprocess
import sys
from pathlib import Path

from tests.chart import versions
from tests.chart.programs import CHART, ROOT, wheels


def main(arguments: list[str]) -> int:
    """Package, and push where a registry is named; the exit code is Helm's, or 2 for what cannot be."""
    if versions.read_record() != versions.format_record():
        print("The chart changed since its version was raised; run make chart.", file=sys.stderr)
        return 2
    if arguments and not arguments[0].startswith("oci://"):
        print("make chart-push needs REGISTRY=oci://registry.example.com/charts", file=sys.stderr)
        return 2
    folder = Path(os.environ.get("DIST", ROOT / "dist"))
    packed = _helm("package", str(CHART), "--destination", str(folder))
    package = folder / f"viral-engine-{versions.read_version()}.tgz"
    return packed or (_helm("push", str(package), *arguments) if arguments else 0)


def _helm(*arguments: str) -> int:
    # With the caller's environment, which has their sign-in at the registry.
    return subprocess.run([wheels() / "helm", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
