"""How far an import has come, on disk, so that the same command goes on after an interruption."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from viral_cli.private_file import write_private_file


@dataclass(frozen=True)
class ImportState:
    """Counts of what is done; what is `expired` or `erased` was not stored, and is `rejected` too.

    `first_day` and `last_day` are the ISO dates (UTC) of what was stored or known.
    """

    records: int = 0
    line: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    expired: int = 0
    erased: int = 0
    first_day: str | None = None
    last_day: str | None = None

    def with_days(self, days: set[str]) -> Self:
        """The same with the period widened to these dates."""
        known = days | {day for day in (self.first_day, self.last_day) if day}
        return replace(self, first_day=min(known), last_day=max(known)) if known else self


class StateFile:
    """The state of one import; another content, mapping or API is another import."""

    def __init__(self, folder: Path, *identity: str) -> None:
        digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]
        self._path = folder / f"{digest}.json"

    def load(self) -> ImportState:
        """Where an interrupted import stopped, or the beginning."""
        return ImportState(**json.loads(self._path.read_text())) if self._path.exists() else ImportState()

    def save(self, state: ImportState) -> None:
        """Keep the state; what came before it is stored by the API."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_private_file(self._path, json.dumps(asdict(state)))

    def clear(self) -> None:
        """Forget a finished import: next time it begins at the beginning, and finds all known."""
        self._path.unlink(missing_ok=True)
