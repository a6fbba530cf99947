"""Which pods there are, how many of each, and how they are locked down."""

from typing import Any

from viral_runtime.work.queues import QueueName

COMPONENTS = {
    "metrics-api": "metricsApi",
    "reconciler": "reconciler",
    "migrate": "migrate",
    "dashboard": "dashboard",
    "scheduler": "scheduler",
    "worker-performance-reports": "reportWorker",
    "worker-default": "reportWorker",
    "worker-batch": "reportWorker",
    "worker-email-delivery": "emailWorker",
    "worker-webhooks": "emailWorker",
}
# Requirement Q1.
CONCURRENCY = {
    QueueName.DEFAULT: 10,
    QueueName.WEBHOOKS: 20,
    QueueName.BATCH: 50,
    QueueName.PERFORMANCE_REPORTS: 5,
    QueueName.EMAIL_DELIVERY: 10,
}


def check_restricted(spec: dict[str, Any]) -> None:
    """Pod Security's level "restricted", and what else we ask of a pod."""
    own = spec["securityContext"]
    assert own["runAsNonRoot"] is True
    assert own["runAsUser"] == 10001
    assert own["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys()
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False, "links would set variables named like our settings"
    assert all({"emptyDir", "configMap"} & volume.keys() for volume in spec.get("volumes", ()))
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "sh" not in container.get("command", ())[:1], "a shell would not pass on SIGTERM"
        assert {"cpu", "memory"} == container["resources"]["requests"].keys() == container["resources"]["limits"].keys()
        assert not any("hostPort" in port for port in container.get("ports", ()))
