"""Watches the flags file, which may change, become invalid, vanish or be a moving symlink."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import structlog
from openfeature.contrib.tools.flagd.core import FlagdCore
from prometheus_client import Gauge

from viral_runtime.flags.document import BrokenFlagsError, Definition, build_evaluator

_POLL_SECONDS = 1
_VALID = Gauge(
    "viral_engine_flags_file_valid",
    "1 while the flags file is in force, 0 while it is broken and the last good flags are",
    multiprocess_mode="livemin",
)
# Without a file, none is invalid.
_VALID.set(1)
_log = structlog.get_logger()


@dataclass(frozen=True)
class LoadedFlags:
    """The flags in effect."""

    evaluator: FlagdCore = field(default_factory=FlagdCore)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    read_at: datetime | None = None


class FlagsFile:
    """A file reloaded within a second of its change; an invalid one leaves the last good flags in effect."""

    def __init__(self, path: Path) -> None:
        """Read the file, and watch it in a thread until the process ends."""
        self.path = path
        self.loaded = LoadedFlags()
        self.problem: str | None = None
        # Compares contents, not modification times: Kubernetes updates a mounted file by moving a symlink above it.
        self._seen: bytes | None = None
        self._look()
        Thread(target=self._watch, name="flags", daemon=True).start()

    def _watch(self) -> None:
        never = Event()
        while not never.wait(_POLL_SECONDS):
            self._look()

    def _look(self) -> None:
        try:
            content = self.path.read_bytes()
        except OSError as error:
            self._seen = None
            self._refuse(f"it cannot be read: {error.strerror}")
            return
        if content == self._seen:
            return
        self._seen = content
        try:
            self._accept(json.loads(content))
        except ValueError as error:
            self._refuse(f"it is not JSON: {error}")
        except BrokenFlagsError as error:
            self._refuse(str(error))

    def _accept(self, document: Any) -> None:
        evaluator = build_evaluator(document)
        self.loaded = LoadedFlags(evaluator, document["flags"], datetime.now(UTC))
        self.problem = None
        _VALID.set(1)
        _log.info("flags_read", path=str(self.path), flags=sorted(document["flags"]))

    def _refuse(self, problem: str) -> None:
        if problem != self.problem:
            _log.error("flags_file_broken", path=str(self.path), reason=problem)
        self.problem = problem
        _VALID.set(0)
