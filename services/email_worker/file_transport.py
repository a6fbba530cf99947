"""For development: every message becomes a file that a mail client opens."""

import re
import tempfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from email_worker.outcomes import RefusedError

_UNSAFE = re.compile(r"[^A-Za-z0-9@_-]+")
_MOST_NAME_CHARACTERS = 150


def write_to_folder(folder: Path, message: EmailMessage, tell_intent: Callable[[], None]) -> str:
    """Write the message under its Message-ID, whole or not at all. Raises RefusedError when that is not possible."""
    tell_intent()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _name_file(message["Message-ID"])
        _write_whole(path, message.as_bytes())
    except OSError as error:
        raise RefusedError(f"The file could not be written: {error.strerror}") from error
    return f"written to {path.name}"


def _name_file(message_id: str) -> str:
    """A name without separators and dots, so that it never leads out of the folder."""
    return _UNSAFE.sub("_", message_id.strip("<>"))[:_MOST_NAME_CHARACTERS] + ".eml"


def _write_whole(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        part.write(content)
    Path(part.name).replace(path)
