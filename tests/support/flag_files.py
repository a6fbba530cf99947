"""Files of feature flags, as flagd reads them."""

import json
from pathlib import Path
from typing import Any

SWITCH: dict[str, Any] = {"state": "ENABLED", "variants": {"on": True, "off": False}}
ON = {**SWITCH, "defaultVariant": "on"}
OFF = {**SWITCH, "defaultVariant": "off"}
FOR_25_PCT = {**OFF, "targeting": {"fractional": [["on", 25], ["off", 75]]}}
FOR_ANA = {**OFF, "targeting": {"if": [{"in": [{"var": "targetingKey"}, ["ana@example.com"]]}, "on", "off"]}}


def format_flags(**flags: dict[str, Any]) -> str:
    return json.dumps({"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": flags})


def write_flags(path: Path, **flags: dict[str, Any]) -> Path:
    path.write_text(format_flags(**flags))
    return path
