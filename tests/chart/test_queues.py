"""Each queue has its workers, in the number that the product promises."""

import pytest

from email_worker.cli import QUEUES as email_queues  # noqa: N811
from report_worker.cli import QUEUES as report_queues  # noqa: N811
from tests.chart.pods import CONCURRENCY
from tests.chart.programs import CHART
from tests.chart.rendering import Rendered, render, render_ci
from viral_runtime.work.queues import QueueName


def _replicas_by_queue(rendered: Rendered) -> dict[str, int | None]:
    served = {}
    for deployment in rendered.of("Deployment").values():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        if container["command"][3:4] == ["work"]:
            (queue,) = container["command"][4:]
            assert queue not in served
            served[queue] = deployment["spec"].get("replicas")
    return served


def test_every_queue_has_as_many_processes_as_promised() -> None:
    rendered = render("--values", str(CHART / "values-production.yaml"))
    assert _replicas_by_queue(rendered) == CONCURRENCY
    assert {rendered.of("Deployment")[name]["spec"]["replicas"] for name in ("metrics-api", "dashboard")} == {2}


def test_the_defaults_fit_one_small_node() -> None:
    """Two CPUs and four GiB, of which the node itself takes some."""
    asked = [
        (
            deployment["spec"]["replicas"],
            deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"],
        )
        for deployment in render().of("Deployment").values()
    ]
    assert sum(number for number, _ in asked) == len(asked) == 9
    assert sum(_milli(requests["cpu"]) for _, requests in asked) <= 1000
    assert sum(int(requests["memory"].removesuffix("Mi")) for _, requests in asked) <= 2048


def _milli(cpu: str) -> int:
    return int(cpu.removesuffix("m")) if cpu.endswith("m") else int(cpu) * 1000


@pytest.mark.parametrize(("program", "queues"), [("report_worker", report_queues), ("email_worker", email_queues)])
def test_a_queue_is_given_to_a_program_that_works_on_it(program: str, queues: tuple[QueueName, ...]) -> None:
    commands = [
        item["spec"]["template"]["spec"]["containers"][0]["command"] for item in render().of("Deployment").values()
    ]
    assert sorted(command[4] for command in commands if command[2:4] == [program, "work"]) == sorted(queues)


def test_the_autoscaler_of_a_queue_ends_at_what_is_promised() -> None:
    rendered = render_ci("autoscaling")
    assert _replicas_by_queue(rendered) == dict.fromkeys(CONCURRENCY), "the autoscaler alone sets the number"
    ceilings = {name: item["spec"]["maxReplicas"] for name, item in rendered.of("HorizontalPodAutoscaler").items()}
    promised = {f"worker-{queue.replace('_', '-')}": number for queue, number in CONCURRENCY.items()}
    assert ceilings == promised | {"worker-batch": 20, "metrics-api": 4, "dashboard": 4}


def test_an_autoscaler_can_look_at_its_queue() -> None:
    scaler = render_ci("autoscaling").of("HorizontalPodAutoscaler")["worker-webhooks"]["spec"]
    (metric,) = scaler["metrics"]
    assert metric["external"]["metric"] == {
        "name": "viral_engine_queue_work",
        "selector": {
            "matchLabels": {"queue": "webhooks"},
            "matchExpressions": [{"key": "state", "operator": "In", "values": ["waiting", "running"]}],
        },
    }
    assert scaler["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300


def test_a_rollout_starts_a_worker_only_where_an_old_one_takes_no_more_jobs() -> None:
    for name, deployment in render().of("Deployment").items():
        if name.startswith("worker-"):
            assert deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0


def test_there_is_exactly_one_scheduler() -> None:
    deployments = render().of("Deployment").values()
    programs = [item["spec"]["template"]["spec"]["containers"][0]["command"][2:] for item in deployments]
    assert programs.count(["report_worker", "scheduler"]) == 1
    scheduler = render().of("Deployment")["scheduler"]["spec"]
    assert (scheduler["replicas"], scheduler["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize(
    "component", ["metrics-api", "dashboard", *(f"worker-{q.replace('_', '-')}" for q in QueueName)]
)
def test_a_drain_takes_one_pod_at_a_time(component: str) -> None:
    budget = render().of("PodDisruptionBudget")[component]["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == render().of("Deployment")[component]["spec"]["selector"]


def test_nothing_that_runs_once_keeps_a_node_from_draining() -> None:
    assert not {"scheduler", "reconciler"} & render().of("PodDisruptionBudget").keys()
