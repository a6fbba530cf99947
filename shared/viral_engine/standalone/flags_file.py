"""The local stack's feature flags, in flagd's format."""

import json
from pathlib import Path

_ON_AT_FIRST = {
    "guardrail_dashboard": True,
    "performance_reports": True,
    "email_delivery": False,
    "ai_insights": False,
    "alert_notifications": False,
}


def ensure_flags_file(path: Path) -> None:
    """Write every flag with its default unless the file is there, perhaps with a person's changes."""
    if path.exists():
        return
    flags = {
        name: {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "on" if on else "off",
        }
        for name, on in _ON_AT_FIRST.items()
    }
    document = {"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": flags}
    path.write_text(json.dumps(document, indent=2) + "\n")
