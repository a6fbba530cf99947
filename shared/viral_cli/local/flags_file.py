"""The local stack's feature flags, in flagd's format."""

import json
from pathlib import Path

from viral_contract.models.flags import FLAGS


def ensure_flags_file(path: Path) -> None:
    """Write every flag with its default unless the file is there, perhaps with a person's changes."""
    if path.exists():
        return
    flags = {
        name: {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "on" if meaning.default else "off",
        }
        for name, meaning in FLAGS.items()
    }
    document = {"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": flags}
    path.write_text(json.dumps(document, indent=2) + "\n")
