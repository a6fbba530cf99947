"""Structured logs: one line per event, JSON in production, readable in development.

Identifiers of children and everyone else are redacted, whatever a caller or a library puts into a line; masked values,
such as `203.0.113.*`, stay readable.
"""

import ipaddress
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog

from viral_runtime.observe.tracing import add_trace
from viral_runtime.settings.groups import LogSettings

HIDDEN = "[hidden]"
# Fields of events and content that identify a child.
_NAMES = frozenset(
    "ip_address device_fingerprint user_id referrer_id session_id link_id share_id reel_id participant_ids user_agent "
    "referrer_url email recipient recipient_emails text".split()
)
_EMAIL = re.compile(r"(?<![*\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:*])")


def configure_logging(settings: LogSettings, *, service: str) -> None:
    """Send structlog's events to standard output in the format of `settings`."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else _console_renderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _name_service(service),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            add_trace,
            hide_identifiers,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )


def capture_library_logs() -> None:
    """Add what libraries log through `logging` to the service's log, from warnings up."""
    logging.basicConfig(handlers=[_IntoStructlog()], level=logging.WARNING, force=True)


class _IntoStructlog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, exc_info=error)


def _name_service(service: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {"service": service, **event}

    return add


def _console_renderer() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)


def hide_identifiers(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A structlog processor that hides identifiers in every field."""
    return {name: _hide(name, value) for name, value in event.items()}


def _hide(name: str, value: Any) -> Any:
    if name in _NAMES and value is not None:
        return HIDDEN
    if isinstance(value, str):
        return _hide_in_text(value)
    if isinstance(value, Mapping):
        return {key: _hide(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_hide("", each) for each in value]
    return value


def _hide_in_text(text: str) -> str:
    text = _EMAIL.sub(HIDDEN, text) if "@" in text else text
    text = _IPV4.sub(_hide_address, text) if "." in text else text
    return _IPV6.sub(_hide_address, text) if ":" in text else text


def _hide_address(found: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:  # A time of day looks like one too.
        return found[0]
    # Our own machines.
    return found[0] if address.is_loopback or address.is_unspecified else HIDDEN
