"""Commands of the documents name only what there is."""

import re

import pytest

from tests.chart.commands import is_value, list_commands, list_faults
from tests.chart.programs import ROOT

_PAGES = ("deployment.md", "runbook.md", "images.md")
_READ = {page: list(list_commands((ROOT / "docs" / page).read_text())) for page in _PAGES}


@pytest.mark.parametrize("page", _PAGES)
def test_every_command_can_be_run_as_it_stands(page: str) -> None:
    assert len(_READ[page]) >= {"deployment.md": 40, "runbook.md": 4, "images.md": 0}[page]
    assert {" ".join(command): faults for command in _READ[page] if (faults := list_faults(command))} == {}


@pytest.mark.parametrize("page", _PAGES)
def test_every_value_that_a_page_names_is_one(page: str) -> None:
    """Paths such as `image.tag` between backticks, and those that a command line sets."""
    text = (ROOT / "docs" / page).read_text()
    roots = "thresholds|config|featureFlags|workers|ingress|networkPolicy|monitoring|migrations|secrets|image"
    named = re.findall(rf"`((?:{roots})\.[\w.<>]+)[`:=]", text)
    assert [path for path in named if not is_value(path)] == []


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("helm upgrad viral-engine helm/viral-engine", "helm has no such subcommand"),
        ("helm upgrade viral-engine helm/viral-engine --forced", "--forced is not a flag of helm upgrade"),
        ("helm upgrade viral-engine helm/viral-engine --set image.tga=1", "image.tga=1 sets no value of the chart"),
        ("helm upgrade viral-engine helm/other", "helm/other is no chart"),
        ("kubectl -n viral-engine rollout reset deployment/viral-engine-dashboard", "kubectl has no such subcommand"),
        ("kubectl -n viral-engine get pods --tail=3", "--tail is not a flag of kubectl get"),
        ("kubectl -n viral-engine logs job/viral-engine-migrat", "there is no job viral-engine-migrat"),
        ("kubectl edit configmap viral-engine-flag", "there is no configmap viral-engine-flag"),
        ("kubectl get pods -l app.kubernetes.io/component=reconcilers", "nothing has the label"),
        ("make image", "image is not a target of make"),
        ("viral-engine rebuild", "rebuild is not a command of viral-engine"),
        ("python -m metrics_api migration", "migration is not a command of python"),
    ],
)
def test_a_command_that_cannot_be_run_is_found(command: str, says: str) -> None:
    (read,) = list_commands(f"```sh\n{command}\n```\n")
    assert re.search(says, " ".join(list_faults(read)))


def test_every_part_of_a_line_is_read() -> None:
    text = (
        "```sh\nkubectl get hpa -o name |\n  xargs -r kubectl scale \\\n  --replicas=1\nmake images && make run\n```\n"
    )
    assert [" ".join(command) for command in list_commands(text)] == [
        "kubectl get hpa -o name",
        "kubectl scale --replicas=1",
        "make images",
        "make run",
    ]
