"""The documents' commands for a release that runs: each says where, and none is refused half-way."""

import re
import shlex

import pytest

from tests.chart.programs import ROOT, helm
from viral_cli.flags import set_command

_DOCUMENTS = ("docs/deployment.md", "docs/runbook.md")
# What acts on a release or on objects of its namespace, where the program stands first or the namespace after it.
_HELM = "helm (history|rollback|status|test|uninstall|upgrade|get)"
_KUBECTL = (
    "kubectl (-n \\S+ )?"
    "(annotate|describe|edit|exec|logs|patch|port-forward|rollout|scale|(get|delete) (job|pod|hpa|configmap|secret)s?)"
)
_BOTH = {"--server-side=true", "--force-conflicts"}


def _list_commands(program: str) -> list[tuple[str, str]]:
    """Every command of a program in the documents, in a block or in the text: (document, command)."""
    found = []
    for document in _DOCUMENTS:
        text = (ROOT / document).read_text()
        blocks = "\n".join(re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)).replace("\\\n", " ")
        lines = [part for line in blocks.splitlines() for part in re.split(r"[|;]|&&", line)]
        words = [" ".join(inline.split()) for inline in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
        found += [(document, line.strip()) for line in (*lines, *words) if re.match(rf"\s*{program}\b[, ]*\S", line)]
    return found


@pytest.mark.parametrize(("document", "command"), [*_list_commands(_KUBECTL), *_list_commands(_HELM)])
def test_a_command_names_the_namespace(document: str, command: str) -> None:
    assert re.search(r" (-n|--namespace)[ =]\S+", command), document


@pytest.mark.parametrize(("document", "command"), _list_commands("helm (upgrade|rollback)( --install)? viral-engine"))
def test_an_upgrade_is_not_stopped_by_what_kubectl_set(document: str, command: str) -> None:
    # The first one finds nothing that kubectl has set.
    assert "--install" in command or set(command.split()) >= _BOTH, document
    assert "--reset-then-reuse-values" not in command, "values live in the operator's file"
    assert "rollback" in command or "-f production.yaml" in command, document


@pytest.mark.parametrize(("document", "command"), _list_commands(_HELM))
def test_helm_knows_every_option(document: str, command: str) -> None:
    known = helm(*command.split()[1:2], "--help").stdout
    for option in re.findall(r" (--[a-z-]+)", command):
        assert re.search(rf"{option}\b", known), (document, option)


@pytest.mark.parametrize(("document", "command"), _list_commands("viral-engine flags set"))
def test_a_flags_command_is_accepted(document: str, command: str) -> None:
    given = set_command.make_context("set", shlex.split(command)[3:]).params
    assert given["namespace"] == "viral-engine", document


def test_there_are_commands_to_check() -> None:
    assert len(_list_commands(_HELM)) >= 6
    assert len(_list_commands(_KUBECTL)) >= 12
