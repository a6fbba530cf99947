"""Files readable only by their owner."""

import os
from pathlib import Path


def write_private_file(path: Path, text: str) -> None:
    """Replace a file atomically with mode 0600: readers see the old or the new text, never a part."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    unfinished.replace(path)
