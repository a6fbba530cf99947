"""An import's progress on disk, so that the same command resumes after an interruption."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from viral_cli.private_file import write_private_file


@dataclass(frozen=True)
class ImportState:
    """Counts so far; `expired` and `erased` events are not stored and count as `rejected` too.

    `first_day` and `last_day` are the ISO dates (UTC) of the stored or known events.
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
        """The state with its period extended to these dates."""
        known = days | {day for day in (self.first_day, self.last_day) if day}
        return replace(self, first_day=min(known), last_day=max(known)) if known else self


class StateFile:
    """The state file of one import; another content, mapping or API is another import."""

    def __init__(self, folder: Path, *identity: str) -> None:
        digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]
        self._path = folder / f"{digest}.json"

    def load(self) -> ImportState:
        """The state of an interrupted import, or a new one."""
        return ImportState(**json.loads(self._path.read_text())) if self._path.exists() else ImportState()

    def save(self, state: ImportState) -> None:
        """Save the state; the API has stored everything before it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_private_file(self._path, json.dumps(asdict(state)))

    def clear(self) -> None:
        """Forget a finished import: the next one starts over and finds everything known."""
        self._path.unlink(missing_ok=True)
