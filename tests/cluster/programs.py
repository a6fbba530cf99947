"""helm and kubectl in one namespace of a cluster."""

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass

from tests.chart.programs import ROOT, wheels


class StepFailedError(Exception):
    """A command failed, or the cluster does not show what it should."""


@dataclass(frozen=True)
class Cluster:
    """Where KUBECONFIG leads. With `dry_run` commands are only printed, and what they would answer is not checked."""

    namespace: str
    dry_run: bool

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl says. Raises StepFailedError when it fails."""
        return self._run(["kubectl", "-n", self.namespace, *arguments], stdin)

    def helm(self, *arguments: str) -> str:
        """What Helm says. Raises StepFailedError when it fails."""
        return self._run(["helm", *arguments, "-n", self.namespace], None)

    def check(self, says: str, seen: str, wanted: str) -> None:
        """Raise StepFailedError unless the cluster shows what is wanted."""
        if not self.dry_run and seen != wanted:
            raise StepFailedError(f"{says}: it is {seen!r}, but should be {wanted!r}")

    def _run(self, command: list[str], stdin: str | None) -> str:
        sys.stdout.write(f"  $ {shlex.join(command)}\n")
        sys.stdout.flush()
        if self.dry_run:
            return ""
        program = wheels() / command[0]
        environment = {**os.environ, "HOME": str(wheels())}
        done = subprocess.run(
            [program, *command[1:]], input=stdin, capture_output=True, text=True, env=environment, cwd=ROOT, check=False
        )
        if done.returncode != 0:
            raise StepFailedError(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()
