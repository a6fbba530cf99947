"""`viral-engine` starts where nothing but the base dependencies is installed, and names what a command still needs."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement

from viral_cli import main

# Runs the command with every distribution hidden that a bare install does not bring.
_RUN = """
import sys

hidden = set(sys.argv[1].split(","))


class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Hide())
from viral_cli import main

main(sys.argv[2:], prog_name="viral-engine")
"""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def list_needed(distribution: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """The distribution, and everything that it needs with these extras and none other."""
    needed, waiting = set(), [(distribution, extras)]
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in needed:
            continue
        needed.add((name, wanted))
        for line in requires(name) or []:
            requirement = Requirement(line)
            chosen = [{"extra": extra} for extra in wanted] or [{"extra": ""}]
            if requirement.marker is None or any(requirement.marker.evaluate(each) for each in chosen):
                waiting.append((_normal(requirement.name), frozenset(requirement.extras)))
    return {name for name, _ in needed}


@pytest.fixture(scope="module")
def hidden() -> str:
    """The modules of the distributions that a bare install does not bring."""
    needed = list_needed("viral-engine")
    modules = {
        module
        for module, distributions in packages_distributions().items()
        if not needed & {_normal(name) for name in distributions}
    }
    return ",".join(sorted(modules))


def run(hidden: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _RUN, hidden, *arguments], capture_output=True, text=True, check=False)


def test_the_help_lists_every_command(hidden: str) -> None:
    result = run(hidden, "--help")
    assert result.returncode == 0, result.stderr
    assert all(f"  {name} " in result.stdout for name in main.commands)


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_has_its_help(hidden: str, command: str) -> None:
    result = run(hidden, command, "--help")
    assert result.returncode == 0, result.stderr


def test_the_local_stack_names_the_extras_that_it_needs(hidden: str) -> None:
    result = run(hidden, "up")
    assert result.returncode == 1
    assert "viral-engine[metrics-api,dashboard,report-worker,email-worker,standalone]" in result.stderr
    assert "Traceback" not in result.stderr
