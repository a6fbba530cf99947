"""What logs may say: never who a child is, whatever is put into a line."""

import json
import subprocess
import sys
from typing import Any

import pytest

from viral_runtime.observe.logs import HIDDEN, hide_identifiers


def log_in_production(*lines: str) -> dict[str, Any]:
    """What a process writes that runs these lines, in which `log` is its logger."""
    start = (
        "import structlog",
        "from viral_runtime.observe.logs import configure_logging",
        "from viral_runtime.settings.groups import LogSettings",
        "configure_logging(LogSettings(log_format='json'), service='test')",
        "log = structlog.get_logger()",
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join((*start, *lines))], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("There is no device 203.0.113.9.", f"There is no device {HIDDEN}."),
        ("from 2001:db8:1:2::7f to x", f"from {HIDDEN} to x"),
        ("to maria.lopez+kid@school.example.org failed", f"to {HIDDEN} failed"),
        ("203.0.113.* and 2001:db8:1::*", "203.0.113.* and 2001:db8:1::*"),
        ("to m***@school.example.org", "to m***@school.example.org"),
        ("bound to 127.0.0.1:8000 and ::1", "bound to 127.0.0.1:8000 and ::1"),
        ("at 2026-03-04T12:13:14.5+00:00, 12:13:14", "at 2026-03-04T12:13:14.5+00:00, 12:13:14"),
        ("version 1.2.3, 4.5 seconds, metrics_api::db", "version 1.2.3, 4.5 seconds, metrics_api::db"),
    ],
)
def test_addresses_and_emails_are_hidden_in_texts_and_what_is_masked_stays(text: str, shown: str) -> None:
    assert hide_identifiers(None, "info", {"event": text}) == {"event": shown}


@pytest.mark.parametrize(
    "name", ["ip_address", "device_fingerprint", "user_id", "referrer_id", "session_id", "recipient", "user_agent"]
)
def test_fields_that_tell_children_apart_are_hidden_at_any_depth(name: str) -> None:
    event = {"event": "e", "items": [{"deep": {name: "kid-7"}}], name: "kid-7", "report_id": 7}
    assert "kid-7" not in str(hide_identifiers(None, "info", event))
    assert hide_identifiers(None, "info", event)["report_id"] == 7


def test_a_line_in_production_is_one_json_object_without_identifiers() -> None:
    line = log_in_production(
        "with structlog.contextvars.bound_contextvars(request_id='r1'):",
        "    log.warning('refused', user_id='kid-7', reason='203.0.113.9 is unknown')",
    )
    assert line["user_id"] == HIDDEN
    assert line["reason"] == f"{HIDDEN} is unknown"
    assert (line["request_id"], line["service"], line["level"]) == ("r1", "test", "warning")


def test_a_trace_of_an_error_hides_what_its_message_says() -> None:
    line = log_in_production(
        "try:",
        "    raise ValueError('203.0.113.9 of kid@example.org')",
        "except ValueError:",
        "    log.exception('unexpected_error')",
    )
    assert f"ValueError: {HIDDEN} of {HIDDEN}" in line["exception"]
