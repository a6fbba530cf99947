"""What an operator does with a release, step by step; after each one everything that was stored is still there."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.programs import Cluster

COUNT_EVENTS = "SELECT count(*) FROM attribution_events"
_FOLDER = Path("tests/cluster")
_CHART = "helm/viral-engine"
_RELEASE = "viral-engine"
_API = "deployment/viral-engine-metrics-api"
_REPORTS = "deployment/viral-engine-worker-performance-reports"
_EMAIL = "admin@example.com"
_EVENTS_A_STEP = 20
# A pod sees a changed ConfigMap within a minute or so, or at once when its annotations change.
_WAIT_FOR_FLAG = """
import json, os, time
end = time.monotonic() + 120
while True:
    with open(os.environ["FLAGS_FILE"]) as flags:
        seen = json.load(flags)["flags"]["email_delivery"]["defaultVariant"]
    if seen == "on" or time.monotonic() > end:
        break
    time.sleep(0.5)
print(seen)
"""
Step = Callable[[], None]


@dataclass
class Story:
    """A release in a namespace of its own, with its own PostgreSQL and Valkey."""

    cluster: Cluster
    registry: str
    version: str
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    dashboard_token: str = field(default_factory=lambda: secrets.token_hex(32))
    changes: list[str] = field(default_factory=list)
    stored: int = 0

    def list_steps(self) -> Iterator[tuple[str, Step]]:
        """Each step with its name, in their order."""
        yield "Prepare the namespace, its Secret and the stores", self.prepare
        yield "Install", self.install
        yield "Upgrade with another threshold", self.upgrade
        yield "Toggle a flag", self.toggle
        yield "Scale a queue", self.scale
        yield "Roll back to the first revision", self.roll_back
        yield "Run the chart's test", self.test
        yield "Uninstall", self.uninstall

    def prepare(self) -> None:
        """Everything that the chart expects to be there."""
        cluster = self.cluster
        cluster.kubectl("create", "namespace", cluster.namespace)
        cluster.kubectl("label", "namespace", cluster.namespace, "pod-security.kubernetes.io/enforce=restricted")
        given = {
            "DATABASE_URL": "postgresql://viral:development@postgres:5432/viral",
            "REDIS_URL": "redis://valkey:6379/0",
            "ADMIN_EMAIL": _EMAIL,
            "ADMIN_PASSWORD": self.password,
            "DASHBOARD_TOKEN": self.dashboard_token,
        }
        made = ("IDENTIFIER_KEY", "REPORT_WORKER_TOKEN", "EMAIL_WORKER_TOKEN")
        literals = given | {name: secrets.token_hex(32) for name in made}
        options = [f"--from-literal={name}={value}" for name, value in literals.items()]
        cluster.kubectl("create", "secret", "generic", "viral-engine-secrets", *options)
        cluster.kubectl("apply", "-f", "k8s/overlays/development/stores.yaml")
        for store in ("postgres", "valkey"):
            cluster.kubectl("rollout", "status", f"deployment/{store}", "--timeout=5m")

    def install(self) -> None:
        """The first revision, and the first events."""
        self._upgrade()
        self._report("install")

    def upgrade(self) -> None:
        """Another threshold restarts the metrics API while it serves."""
        self._upgrade("thresholds.conversionAnomalyThreshold=0.75")
        self._report("upgrade")

    def toggle(self) -> None:
        """Email on; the running pods read it, none restarts."""
        before = self._list_pods()
        self._upgrade("featureFlags.emailDelivery.enabled=true")
        self.cluster.kubectl("annotate", "pods", "--overwrite", "flags=now", "-l", f"app.kubernetes.io/name={_RELEASE}")
        self.cluster.check("The pods after the toggle", self._list_pods(), before)
        said = self.cluster.kubectl("exec", "-i", _API, "--", "python", "-", stdin=_WAIT_FOR_FLAG)
        self.cluster.check("The flag in the pod", said, "on")
        self._report("toggle")

    def scale(self) -> None:
        """Three report workers instead of one."""
        self._upgrade("workers.performanceReports.concurrency=3")
        self._check_workers("3")
        self._report("scale")

    def roll_back(self) -> None:
        """The first revision's settings, by one command."""
        self.cluster.helm("rollback", _RELEASE, "1", "--wait", "--timeout", "10m")
        self._check_workers("1")
        self._report("rollback")

    def test(self) -> None:
        """`helm test`, as the documents say."""
        self.cluster.helm("test", _RELEASE, "--logs")

    def uninstall(self) -> None:
        """What the chart made is gone; Secret, stores and every event stay."""
        cluster = self.cluster
        cluster.helm("uninstall", _RELEASE, "--wait", "--timeout", "10m")
        kinds = "deployment,service,configmap,ingress,networkpolicy,poddisruptionbudget,horizontalpodautoscaler"
        left = cluster.kubectl("get", kinds, "-l", f"app.kubernetes.io/instance={_RELEASE}", "-o", "name")
        cluster.check("What is left of the release", left, "")
        cluster.kubectl("get", "secret", "viral-engine-secrets", "-o", "name")
        self.count()

    def count(self) -> None:
        """Compare the events in the database with those that were stored."""
        psql = ("psql", "--username=viral", "--no-align", "--tuples-only", f"--command={COUNT_EVENTS}", "viral")
        seen = self.cluster.kubectl("exec", "deployment/postgres", "--", *psql)
        self.cluster.check("Events in the database", seen, str(self.stored))

    def _upgrade(self, *changes: str) -> None:
        """Upgrade with the changes of every step so far, as an operator keeps them in a file."""
        self.changes += changes
        image = ("--set", f"image.registry={self.registry}", "--set-string", f"image.tag={self.version}")
        changed = (part for change in self.changes for part in ("--set-json", change))
        values = ("-f", str(_FOLDER / "values.yaml"), *image, *changed)
        self.cluster.helm("upgrade", "--install", _RELEASE, _CHART, *values, "--wait", "--timeout", "10m")

    def _report(self, step: str) -> None:
        script = (_FOLDER / "report_events.py").read_text()
        who = (_EMAIL, self.password, self.dashboard_token)
        arguments = ("http://127.0.0.1:8000", *who, f"cluster-{step}", str(_EVENTS_A_STEP))
        self.cluster.kubectl("exec", "-i", _API, "--", "python", "-", *arguments, stdin=script)
        self.stored += _EVENTS_A_STEP
        self.count()

    def _list_pods(self) -> str:
        return self.cluster.kubectl("get", "pods", "-l", "app.kubernetes.io/component=metrics-api", "-o", "name")

    def _check_workers(self, wanted: str) -> None:
        ready = self.cluster.kubectl("get", _REPORTS, "-o", "jsonpath={.status.readyReplicas}")
        self.cluster.check("Report workers", ready, wanted)
