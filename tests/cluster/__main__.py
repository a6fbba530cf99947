"""`make test-cluster`: try the release on a real cluster, in a namespace that is made for it and removed again.

Environment: KUBECONFIG, REGISTRY and VERSION (as for `make images-push`), NAMESPACE, KEEP=1 to keep the namespace,
DRY_RUN=1 to print the commands alone.
"""

import os
import sys
import time

import yaml

from tests.chart.programs import CHART
from tests.cluster.programs import Cluster, StepFailedError
from tests.cluster.story import Story

_NO_CLUSTER = "Skipped: KUBECONFIG does not say where a cluster is. DRY_RUN=1 shows what would be done there."
_NO_REGISTRY = "Say where the images are, as for make images-push: REGISTRY=registry.example.com/team."


def main() -> int:
    """Run the story; the exit code is 0 when it went well, or when there is no cluster."""
    given = os.environ
    dry_run = bool(given.get("DRY_RUN"))
    if not (given.get("KUBECONFIG") or dry_run):
        print(_NO_CLUSTER)
        return 0
    if not given.get("REGISTRY"):
        print(_NO_REGISTRY, file=sys.stderr)
        return os.EX_USAGE
    version = given.get("VERSION") or yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    cluster = Cluster(given.get("NAMESPACE") or "viral-engine-test", dry_run)
    return run(Story(cluster, given["REGISTRY"], version), keep=bool(given.get("KEEP")))


def run(story: Story, *, keep: bool) -> int:
    """Every step until one fails, and at last the namespace's end."""
    try:
        for name, step in story.list_steps():
            began = time.monotonic()
            print(name, flush=True)
            step()
            print(f"  done in {time.monotonic() - began:.0f} s", flush=True)
    except StepFailedError as error:
        print(f"FAILED: {error}\nThe namespace {story.cluster.namespace} stays, to look into.", file=sys.stderr)
        return 1
    if not keep:
        story.cluster.kubectl("delete", "namespace", story.cluster.namespace)
    well = f"All went well, and none of {story.stored} events was lost."
    print("Nothing was run." if story.cluster.dry_run else well)
    return 0


if __name__ == "__main__":
    sys.exit(main())
